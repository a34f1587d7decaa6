/** Where a flow runs, as Flowyard tells every Node-RED that it starts. */
export interface Platform {
  url: string;
  token: string;
  instanceId: string | null;
  deviceId: string | null;
  applicationId: string | null;
}

/** Null outside Flowyard. */
export function readPlatform(environment: Record<string, string | undefined> = process.env): Platform | null {
  const { FLOWYARD_URL: url, FLOWYARD_TOKEN: token } = environment;
  if (!url || !token) {
    return null;
  }
  return {
    url: url.replace(/\/+$/, ''),
    token,
    instanceId: environment.FLOWYARD_INSTANCE_ID || null,
    deviceId: environment.FLOWYARD_DEVICE_ID || null,
    applicationId: environment.FLOWYARD_APPLICATION_ID || null,
  };
}

/** The control plane refused, or could not be asked. The message is for people. */
export class PlatformError extends Error {
  override name = 'PlatformError';
  readonly code: string;
  readonly status: number | null;

  constructor(message: string, code: string, status: number | null) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const TIMEOUT_MS = 30_000;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** One call of the control plane's API; `path` is below `/api/v1`. */
export async function callApi<T>(
  platform: Platform,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${platform.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${platform.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw new PlatformError(`The control plane cannot be reached: ${cause}`, 'unreachable', null);
  });
  const answer = parse(await response.text()) as { error?: { code: string; message: string } } | null;
  if (!response.ok || answer === null) {
    const { code, message } = answer?.error ?? {
      code: 'unexpected',
      message: `It answered with status ${response.status}.`,
    };
    throw new PlatformError(`The control plane refused: ${message}`, code, response.status);
  }
  return answer as T;
}
