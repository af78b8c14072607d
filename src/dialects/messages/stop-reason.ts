/** Why an answer ended, in Anthropic's words and in ours. Facts: Anthropic's API reference, Stop reasons. */
import type { FinishReason } from '../../core/conversation.ts';

/** Anthropic's `stop_reason` → ours. */
export function finishOf(reason: string): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      return 'content_filter';
    default:
      return 'stop';
  }
}

/** Ours → Anthropic's. Some providers say `stop` after tool calls too: a client would then never run them. */
export function stopReasonOf(finish: FinishReason, called: boolean): string {
  switch (finish) {
    case 'length':
      return 'max_tokens';
    case 'content_filter':
      return 'refusal';
    case 'tool_calls':
      return 'tool_use';
    case 'stop':
    case 'error':
      return called ? 'tool_use' : 'end_turn';
  }
}
