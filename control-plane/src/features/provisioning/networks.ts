import { BlockList, isIP } from 'node:net';

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** An IPv4 address in the clothes of an IPv6 one, as sockets for both give it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** Whether an address is in one of the networks (addresses or CIDR); no network is every one. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (networks.length === 0) {
    return true;
  }
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits] = network.split('/');
    if (bits === undefined) {
      list.addAddress(base, familyOf(base));
    } else {
      list.addSubnet(base, Number(bits), familyOf(base));
    }
  }
  const caller = plain(address);
  return isIP(caller) !== 0 && list.check(caller, familyOf(caller));
}
