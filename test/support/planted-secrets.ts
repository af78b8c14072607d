/** Values with a secret somewhere in them, `PLANTED`, for properties of what must never copy one. */
import fc from 'fast-check';

const secret = 'PLANTED-0123456789';

const secretNames = fc.constantFrom(
  ...'api_key apiKey X-Api-Key authorization Authorization auth_token access_token token client_secret'.split(
    ' ',
  ),
  ...'password headers extra_headers http_headers credentials cookie env privateKey githubToken key'.split(
    ' ',
  ),
);
const anyName = fc.constantFrom(
  ...'a type name parameters properties server_url function value items __proto__'.split(' '),
);

/** Under a name that gives it away, in an address, or written as well-known credentials are. */
const planted: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ a: fc.constantFrom('x', 1), b: under(secretNames, deep(fc.constant(secret))) }),
  under(secretNames, deep(fc.constant(secret))),
  secretNames.map((name) => ({ name, value: secret })),
  fc.constantFrom<unknown>(
    `https://user:${secret}@house.example/mcp`,
    `https://${secret}@house.example/`,
    `see postgres://u:p@${secret}@db.example/x for it`,
    `https://house.example/mcp?a=1&access_token=${secret}`,
    `Bearer ${secret}`,
    `sk-${secret}`,
    { [`sk-${secret}`]: 1 },
  ),
);

function under(names: fc.Arbitrary<string>, inside: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(names, inside)
    .map(([name, value]) => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`));
}

/** Wrapped into up to three lists and maps. */
function deep(inside: fc.Arbitrary<unknown>, levels = 3): fc.Arbitrary<unknown> {
  if (levels === 0) return inside;
  const more = deep(inside, levels - 1);
  return fc.oneof(
    inside,
    more.map((one) => ['x', one]),
    under(anyName, more),
  );
}

/** A map with a secret at some depth under one of these names, or beside them. */
export function plantedIn(fields: string): fc.Arbitrary<object> {
  const name = fc.constantFrom(...fields.split(' '));
  return fc.oneof(
    under(name, deep(planted)),
    under(
      name,
      deep(planted).map((one) => [one]),
    ),
    under(secretNames, deep(fc.constant(secret))),
  ) as fc.Arbitrary<object>;
}
