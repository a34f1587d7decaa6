import type { LinkAddress } from '@flowyard/protocol';

/** What a link out or link call is set to. */
export interface AddressSetting {
  /** `message` takes the address from each message. */
  place: LinkAddress['place'] | 'message';
  /** Name or id of the instance, device or group. */
  target: string;
  link: string;
}

const PLACES: ReadonlySet<string> = new Set<LinkAddress['place']>([
  'instance',
  'device',
  'device-group',
  'any-of',
]);
const MOST_NAME = 200;
const MOST_LINK = 100;

/** The text is for people. */
export class AddressError extends Error {
  override name = 'AddressError';
}

/** An address in its parts, or as `device/Filler 3/orders`. @throws AddressError when it is none */
export function readAddress(value: unknown): LinkAddress {
  const { place, name, link } = partsOf(value);
  if (!PLACES.has(place)) {
    throw new AddressError(
      `“${place}” is no kind of place. An address is written instance/NAME/LINK, or with device, device-group or any-of.`,
    );
  }
  if (name === '' || link === '' || name.length > MOST_NAME || link.length > MOST_LINK) {
    throw new AddressError('The address needs the name of a place and of a link in: PLACE/NAME/LINK.');
  }
  return { place: place as LinkAddress['place'], name, link };
}

/** The address of one message. @throws AddressError when it is none */
export function addressOf(setting: AddressSetting, message: object): LinkAddress {
  if (setting.place !== 'message') {
    return readAddress({ place: setting.place, name: setting.target, link: setting.link });
  }
  const { address } = message as { address?: unknown };
  if (address === undefined) {
    throw new AddressError('The message has no msg.address.');
  }
  return readAddress(address);
}

function partsOf(value: unknown): Record<'place' | 'name' | 'link', string> {
  if (typeof value === 'string') {
    const [first, last] = [value.indexOf('/'), value.lastIndexOf('/')];
    return {
      place: value.slice(0, Math.max(first, 0)).trim(),
      name: value.slice(first + 1, Math.max(last, first + 1)).trim(),
      link: value.slice(last + 1).trim(),
    };
  }
  const { place, name, link } = (value ?? {}) as Record<string, unknown>;
  const text = (part: unknown) => (typeof part === 'string' ? part.trim() : '');
  return { place: text(place), name: text(name), link: text(link) };
}
