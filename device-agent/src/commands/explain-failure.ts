import { HttpError } from '../http-client.ts';

const UNREACHABLE_CODES: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to that host',
  ECONNRESET: 'the connection was cut',
  CERT_HAS_EXPIRED: 'its certificate has expired (is the clock of this device right?)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate authority is not known here; name it in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate authority is not known here; name it in NODE_EXTRA_CA_CERTS',
};

/** Why the control plane could not be asked, in words for people. */
export function explainFailure(error: unknown, url: string): string {
  if (error instanceof HttpError) {
    switch (error.status) {
      case 401:
        return error.message;
      case 404:
        return `${url} answers, but it is not a Flowyard control plane. Check the address.`;
      default:
        return `The control plane refused: ${error.message}`;
    }
  }
  const { code, name, message } = error as NodeJS.ErrnoException;
  const reason =
    name === 'AbortError' || name === 'TimeoutError'
      ? 'it does not answer'
      : (UNREACHABLE_CODES[code ?? ''] ?? message);
  return `${url} cannot be reached: ${reason}.`;
}
