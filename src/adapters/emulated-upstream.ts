/** `emulator://VENDOR/v1/…` goes to the built-in provider, wherever it listens now; everything else to the network. */
import type { Emulator } from '../emulator/emulator.ts';
import type { Exchange, Upstream, UpstreamCall, UpstreamSink } from '../ports.ts';

const scheme = 'emulator://';

/** An upstream that resolves emulator addresses first. Without a running emulator they are unreachable. */
export function emulatedUpstream(network: Upstream, emulator: Emulator | undefined): Upstream {
  return {
    send(call, sink) {
      if (!call.url.startsWith(scheme)) return network.send(call, sink);
      return emulator ? network.send(resolved(call, emulator), sink) : unreachable(sink);
    },
  };
}

function resolved(call: UpstreamCall, emulator: Emulator): UpstreamCall {
  const rest = call.url.slice(scheme.length);
  const vendor = rest.slice(0, rest.indexOf('/'));
  return { ...call, url: `${emulator.originFor(vendor, call.model)}/${rest}` };
}

function unreachable(sink: UpstreamSink): Exchange {
  let over = false;
  queueMicrotask(() => {
    if (!over)
      sink.broken({
        kind: 'unreachable',
        message: 'the emulator does not run: restart the gateway with this configuration',
      });
  });
  return {
    cancel: () => {
      over = true;
    },
    pause: () => undefined,
    resume: () => undefined,
  };
}
