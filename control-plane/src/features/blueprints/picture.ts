import { BLUEPRINT_PICTURE_BYTES, type BlueprintPicture } from '@flowyard/protocol';
import { invalid } from '../../errors.ts';

type PictureType = BlueprintPicture['type'];

const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** What a browser is told with a picture: whatever is in it, nothing runs and nothing is loaded. */
export const PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/**
 * The bytes of a picture that somebody uploaded.
 * @throws AppError 422 when they are too many, not what the type says, or could do more than be looked at
 */
export function readPicture({ type, data }: BlueprintPicture): Buffer {
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length === 0 || bytes.length > BLUEPRINT_PICTURE_BYTES) {
    throw invalid('picture.data', 'must have 1 to 65536 bytes');
  }
  if (!LOOKS_LIKE[type](bytes)) {
    throw invalid('picture.data', `is not ${NAMES[type]}`);
  }
  if (type === 'image/svg+xml') {
    refuseActive(bytes.toString('utf8'));
  }
  return bytes;
}

const NAMES: Record<PictureType, string> = {
  'image/svg+xml': 'an SVG picture in UTF-8',
  'image/png': 'a PNG picture',
  'image/webp': 'a WebP picture',
};

const LOOKS_LIKE: Record<PictureType, (bytes: Buffer) => boolean> = {
  'image/svg+xml': (bytes) => /^\s*(?:<\?xml[^>]*\?>\s*)?<svg[\s>]/.test(textOf(bytes)),
  'image/png': (bytes) => bytes.subarray(0, PNG_START.length).equals(PNG_START),
  'image/webp': (bytes) =>
    bytes.subarray(0, 4).toString('latin1') === 'RIFF' && bytes.subarray(8, 12).toString('latin1') === 'WEBP',
};

/** Empty when it is not UTF-8. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return '';
  }
}

/** Only what draws may be in an SVG. Entities are refused first, since they could hide the rest. */
const ACTIVE: ReadonlyArray<[what: string, pattern: RegExp]> = [
  ['a document type or entities', /<!DOCTYPE|<!ENTITY|<\?xml-stylesheet/i],
  ['character references', /&(?!(?:amp|lt|gt|quot|apos);)/i],
  [
    'scripts or foreign content',
    /<(?:[\w-]+:)?(?:script|foreignObject|iframe|embed|object|handler|listener|use|image|audio|video|a|set|animate\w*)[\s/>]/i,
  ],
  ['event handlers', /[\s"'/]on[a-z]+\s*=/i],
  [
    'addresses',
    /(?:href|src)\s*=|(?:javascript|data|https?|file):(?!\/\/www\.w3\.org\/)|@import|url\(\s*["']?(?!#)/i,
  ],
];

function refuseActive(svg: string): void {
  const found = ACTIVE.find(([, pattern]) => pattern.test(svg));
  if (found) {
    throw invalid('picture.data', `has ${found[0]} in it; only SVG that just draws is accepted`);
  }
}
