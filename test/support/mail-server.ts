import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { eventually } from './eventually.ts';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** Head and body as they came over the wire. */
  source: string;
}

export interface MailServer {
  url: string;
  mails: ReceivedMail[];
  /** Answers the next so many letters with a temporary error. */
  refuseNext(count: number): void;
  /** The first letter to that address whose text has the words; waits for it. */
  mailTo(address: string, words: string): Promise<ReceivedMail>;
  stop(): Promise<void>;
}

/** A real SMTP server on a free port, that keeps what it gets. */
export async function startMailServer(): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  let refusals = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, session, done) {
      let source = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        source += chunk;
      });
      stream.on('end', () => {
        if (refusals > 0) {
          refusals -= 1;
          done(Object.assign(new Error('Try again later'), { responseCode: 451 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          source: decodeSoftBreaks(source),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refuseNext: (count) => {
      refusals = count;
    },
    mailTo: (address, words) =>
      eventually(() => mails.find(({ to, source }) => to.includes(address) && source.includes(words))),
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Quoted-printable breaks long lines, links among them. */
function decodeSoftBreaks(source: string): string {
  return source.replace(/=\r?\n/g, '').replace(/=3D/g, '=');
}
