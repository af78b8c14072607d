/** Where names lead, without those that lead from a public name into a private network. */
import type { lookup as systemLookup, LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPrivateHost } from '../core/address.ts';

/** Why a connection is not made. */
class PrivateAddress extends Error {
  readonly code = 'EPRIVATE';
}

/**
 * A name that is private by how it is written was configured by an owner, and leads where it leads. Any other may only lead
 * to public addresses, unless `mayBePrivate` says so.
 */
export function guardedLookup(
  mayBePrivate: (host: string) => boolean,
  lookup: typeof systemLookup,
): LookupFunction {
  return (host, options, told) => {
    lookup(host, { ...options, all: true }, (failure, found) => {
      if (failure) return told(failure, '', 0);
      const free = isPrivateHost(host) || mayBePrivate(host);
      const addresses = free ? found : found.filter(({ address }) => !isPrivateHost(address));
      const [first] = addresses;
      if (!first) return told(refused(host, found), '', 0);
      if (options.all === true) return told(null, addresses);
      return told(null, first.address, first.family);
    });
  };
}

function refused(host: string, found: readonly LookupAddress[]): PrivateAddress {
  if (found.length === 0) return new PrivateAddress(`${host} leads nowhere`);
  return new PrivateAddress(
    `${host} leads to a private address: an owner may say allow_private: true on the provider`,
  );
}
