import type { BlueprintPicture } from '@flowyard/protocol';

const TYPES = ['image/svg+xml', 'image/png', 'image/webp'] as const;
const MAX_BYTES = 64 * 1024;

/** A file as the API takes it, or why it does not. */
export async function readPictureFile(file: File): Promise<BlueprintPicture | string> {
  const type = TYPES.find((known) => known === file.type);
  if (type === undefined) {
    return 'Choose an SVG, PNG or WebP file.';
  }
  if (file.size > MAX_BYTES) {
    return 'The file has more than 64 KB.';
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return { type, data: btoa(text) };
}
