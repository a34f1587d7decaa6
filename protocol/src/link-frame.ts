/**
 * How a message between flows stands in a WebSocket frame: the length of the header (4 bytes, big endian), the header
 * as JSON, and the body, which only the two flows understand. Without schemas, so that palette nodes stay small.
 */

const LENGTH_BYTES = 4;
/** A header says who, where and which number; it is never large. */
export const MAX_LINK_HEADER_BYTES = 64 * 1024;
/** A message of ten megabytes fits, with what the encoding adds. */
export const MAX_LINK_BODY_BYTES = 16 * 1024 * 1024;
export const MAX_LINK_FRAME_BYTES = LENGTH_BYTES + MAX_LINK_HEADER_BYTES + MAX_LINK_BODY_BYTES;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);

export function encodeLinkFrame(header: object, body: Uint8Array = NOTHING): Uint8Array {
  const head = encoder.encode(JSON.stringify(header));
  const frame = new Uint8Array(LENGTH_BYTES + head.length + body.length);
  new DataView(frame.buffer).setUint32(0, head.length);
  frame.set(head, LENGTH_BYTES);
  frame.set(body, LENGTH_BYTES + head.length);
  return frame;
}

/** The parts of a frame, null when it is none. The body is a view on the bytes given, not a copy. */
export function decodeLinkFrame(frame: Uint8Array): { header: unknown; body: Uint8Array } | null {
  if (frame.length < LENGTH_BYTES) {
    return null;
  }
  const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0);
  if (length > MAX_LINK_HEADER_BYTES || frame.length < LENGTH_BYTES + length) {
    return null;
  }
  try {
    const header: unknown = JSON.parse(decoder.decode(frame.subarray(LENGTH_BYTES, LENGTH_BYTES + length)));
    return { header, body: frame.subarray(LENGTH_BYTES + length) };
  } catch {
    return null;
  }
}
