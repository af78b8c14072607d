/** Which addresses are this machine's or a private network's, judged by how they are written. */

const privateNames = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)$/;

/** True for loopback, private, link-local and other addresses that are not on the public internet. */
export function isPrivateHost(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  if (name.includes(':')) return isPrivateIpv6(name);
  const bytes = name.split('.').map(Number);
  if (bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return isPrivateIpv4(bytes);
  return !name.includes('.') || privateNames.test(name);
}

function isPrivateIpv4(bytes: readonly number[]): boolean {
  const [a = 0, b = 0] = bytes;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true;
  if (a === 100) return b >= 64 && b <= 127;
  if (a === 169) return b === 254;
  if (a === 172) return b >= 16 && b <= 31;
  if (a === 198) return b === 18 || b === 19;
  return a === 192 && (b === 168 || b === 0);
}

/** Only 2000::/3 is public; of that, not the 6to4 and NAT64 forms that carry another address inside. */
function isPrivateIpv6(name: string): boolean {
  const first = Number.parseInt(name.split(':')[0] || '0', 16);
  return first < 0x2000 || first > 0x3fff || first === 0x2002;
}
