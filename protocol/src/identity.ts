import { z } from 'zod';
import { Role } from './access.ts';
import { Id } from './names.ts';

/** The header in which the proxy tells a hosted Node-RED who is at its editor. */
export const IDENTITY_HEADER = 'x-flowyard-identity';

/**
 * Who is at an editor. It travels as `<base64url of this JSON>.<base64url of its Ed25519 signature>`: the control
 * plane signs, the instance has only the public key (SPKI, PEM, in FLOWYARD_IDENTITY_KEY).
 */
export const EditorIdentity = z.strictObject({
  userId: Id,
  username: z.string(),
  name: z.string(),
  role: Role,
  instanceId: Id,
  /** Seconds since 1970. */
  expires: z.number().int(),
});
export type EditorIdentity = z.infer<typeof EditorIdentity>;
