/** A port on 127.0.0.1 that certainly refuses connections for as long as it is kept. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type ClosedPort = { readonly port: number; release(): void };

/**
 * The near end of a connection to ourselves: the kernel counts its port as taken, so that no listener is
 * given it, yet nobody listens there. A port that was merely closed could be another program's a moment later.
 */
export async function keepClosedPort(): Promise<ClosedPort> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  for (const socket of [near, far]) socket.on('error', () => {}).unref();
  const release = (): void => {
    near.destroy();
    far.destroy();
  };
  return { port: (near.address() as AddressInfo).port, release };
}
