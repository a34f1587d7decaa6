import { z } from 'zod';

/**
 * Messages between the flows of different runtimes. Each Node-RED with link nodes has one WebSocket `/link`, opened
 * with its token. Frames are those of `link-frame.ts`. The control plane keeps no message: the sender has it until
 * the receiver has taken it.
 *
 * A stream is what one runtime sends to one address. Its messages have growing numbers, not without gaps. Those that
 * are sent together follow each other, and the first says which number was before it among those that still wait
 * (`after`, 0 for none). The receiver takes a message when its number is higher than all it took of that stream, and it
 * took the one before. So what arrives twice is known, and what was lost on the way comes again in its order.
 */
export const LINK_PROTOCOL = 1;

/** `any-of` is one of the devices of a group that are there, in turn. */
export const LINK_PLACES = ['instance', 'device', 'device-group', 'any-of'] as const;

/** Where a message goes: to the link in of that name there. A place is named by its id or its name in the team. */
export const LinkAddress = z.strictObject({
  place: z.enum(LINK_PLACES),
  name: z.string().min(1).max(200),
  link: z.string().min(1).max(100),
});
export type LinkAddress = z.infer<typeof LinkAddress>;

/** A runtime that can be addressed. */
export const LinkRuntime = z.strictObject({
  kind: z.enum(['instance', 'device']),
  id: z.string().max(64),
  name: z.string().max(200),
});
export type LinkRuntime = z.infer<typeof LinkRuntime>;

/** A link in that listens. It hears its own application only, unless it says that it hears the team. */
export const LinkListener = z.strictObject({
  link: z.string().min(1).max(100),
  hears: z.enum(['application', 'team']),
});
export type LinkListener = z.infer<typeof LinkListener>;

const Stream = z.string().min(1).max(64);
const Number_ = z.number().int().min(0);
/** The messages of one frame: their numbers, and the bytes of each in the body. */
export const MOST_LINK_PARTS = 500;
const Parts = z
  .array(z.strictObject({ number: Number_, bytes: Number_ }))
  .min(1)
  .max(MOST_LINK_PARTS);
const Connection = z.string().min(1).max(64);
const CallId = z.string().min(1).max(64);

/** From a Node-RED to the control plane. `message`, `call` and `answer` have a body. */
export const LinkRequest = z.discriminatedUnion('type', [
  /** What listens here, whole. */
  z.strictObject({ type: z.literal('listen'), listeners: z.array(LinkListener).max(1000) }),
  z.strictObject({
    type: z.literal('message'),
    to: LinkAddress,
    stream: Stream,
    after: Number_,
    parts: Parts,
  }),
  /** All of the stream up to that number was taken. */
  z.strictObject({ type: z.literal('taken'), to: Connection, stream: Stream, number: Number_ }),
  /** This one was not, and none after it: its link in is not there, or what was before it was not taken. */
  z.strictObject({
    type: z.literal('not-taken'),
    to: Connection,
    stream: Stream,
    number: Number_,
    reason: z.enum(['away', 'gap']),
    /** The highest number that was taken. */
    taken: Number_,
  }),
  /** Who is in a group. */
  z.strictObject({ type: z.literal('resolve'), id: CallId, to: LinkAddress }),
  z.strictObject({ type: z.literal('call'), id: CallId, to: LinkAddress }),
  z.strictObject({ type: z.literal('answer'), to: Connection, id: CallId }),
]);
export type LinkRequest = z.infer<typeof LinkRequest>;

/** Why a message cannot go there, for programs; `message` beside it is for people. */
export type LinkRefusal = 'not_found' | 'ambiguous' | 'forbidden' | 'too_large' | 'team_suspended';

/** One message in a frame: its number, and the length of its body. */
export interface LinkPart {
  number: number;
  bytes: number;
}

/** To a Node-RED. Types only: whoever reads it has no schemas, and trusts its own control plane. */
export type LinkEvent =
  | { type: 'welcome'; protocol: number; connection: string; self: LinkRuntime }
  | {
      type: 'message';
      from: LinkRuntime;
      connection: string;
      link: string;
      stream: string;
      after: number;
      parts: LinkPart[];
    }
  | { type: 'taken'; stream: string; number: number; by: LinkRuntime }
  | {
      type: 'not-taken';
      stream: string;
      number: number;
      reason: 'away' | 'gap' | 'busy';
      taken: number | null;
    }
  | { type: 'refused'; stream: string; number: number; code: LinkRefusal; message: string }
  /** Somebody whom messages were waiting for may be there now. */
  | { type: 'there'; to: LinkAddress }
  | { type: 'members'; id: string; members: LinkRuntime[] }
  | { type: 'call'; from: LinkRuntime; connection: string; link: string; id: string }
  /** How many were reached; those that are away are not. */
  | { type: 'called'; id: string; reached: LinkRuntime[]; away: LinkRuntime[] }
  | { type: 'answer'; id: string; from: LinkRuntime }
  | { type: 'call-refused'; id: string; code: LinkRefusal | 'away' | 'busy'; message: string };

/** `instance/press-line/orders`, as flows write it. A name may have slashes in it, a link may not. Null when it is none. */
export function parseLinkAddress(text: string): LinkAddress | null {
  const first = text.indexOf('/');
  const last = text.lastIndexOf('/');
  const address = LinkAddress.safeParse({
    place: text.slice(0, first),
    name: text.slice(first + 1, last),
    link: text.slice(last + 1),
  });
  return first > 0 && last > first && address.success ? address.data : null;
}
