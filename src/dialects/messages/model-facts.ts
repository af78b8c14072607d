/**
 * What Claude models take and refuse, told by the version in their names. Facts: Anthropic's API reference
 * (`temperature` is refused after Claude Opus 4.6; `thinking` of type `adaptive` came with 4.6, `enabled` went with
 * 4.7), and the error messages of the API. A model that is no Claude, behind the same wire, keeps the older forms.
 */
export type ModelFacts = {
  /** False: no Claude, or none that tells its version; its caller's own settings are left alone. */
  readonly known: boolean;
  /** How thinking is asked for: by an effort the model interprets, or by a budget of tokens. */
  readonly thinking: 'adaptive' | 'budget';
  /** False: `temperature`, `top_p` and `top_k` are refused. */
  readonly sampling: boolean;
  /** False: `temperature` and `top_p` are refused together. */
  readonly both: boolean;
  /** False: the conversation must end with the user. */
  readonly prefill: boolean;
  /** Effort words that are known there. */
  readonly efforts: readonly string[];
};

const efforts = ['low', 'medium', 'high', 'max'];

/** The facts of a provider's model id, e.g. `claude-haiku-4-5-20251001`, `anthropic.claude-opus-4-6-v1`. */
export function modelFacts(id: string): ModelFacts {
  const version = claudeVersion(id);
  return {
    known: version > 0,
    thinking: version >= 4.06 ? 'adaptive' : 'budget',
    sampling: version < 4.07,
    both: version < 4.01,
    prefill: version < 4.06,
    efforts: version >= 4.07 ? [...efforts, 'xhigh'] : efforts,
  };
}

/** 4.05 for `claude-haiku-4-5`; a Claude without a number counts as the newest, anything else as the oldest. */
function claudeVersion(id: string): number {
  if (!id.includes('claude')) return 0;
  const found = /claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/.exec(id);
  return found ? Number(found[1]) + Number(found[2] ?? 0) / 100 : Infinity;
}
