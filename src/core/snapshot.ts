/**
 * Everything a request may look up, resolved and frozen: built off the path from the configuration, swapped
 * whole. A request keeps the snapshot it began with, so it is served wholly by one version of every object.
 */
import type { Catalogue, Feature, Model, Tier, Wire } from './catalog.ts';
import type { FailureClass } from './failure.ts';
import type { Limit } from './limit.ts';
import type { Price } from './price.ts';
import type { BackgroundKind } from './recognise.ts';
import type { Role } from './role.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** How a credential is presented: `Authorization: Bearer`, `x-api-key`, or a header of the provider's own. */
export type Auth = { readonly header: string; readonly scheme: string };

export type Provider = {
  readonly name: string;
  readonly wire: Wire;
  /** With the version segment; the wire adds `/chat/completions`, `/messages`, … `emulator://NAME/v1` is the built-in one. */
  readonly baseUrl: string;
  /** Its name may lead to an address of a private network. */
  readonly allowPrivate?: true;
  /** Resolved secrets, in order of preference. Empty = the provider wants none. */
  readonly credentials: readonly string[];
  /** A credential is configured, but its reference could not be resolved: it is not called until it is. */
  readonly credentialMissing?: boolean;
  readonly auth: Auth;
  /** Extra request headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose models and prices in the catalogue. */
  readonly catalog: string;
  /** How long an answer is read on for its usage after its client left, in ms; absent = it is hung up on at once. */
  readonly drainMs?: number;
  readonly data: { readonly collection?: 'allow' | 'deny'; readonly zdr?: boolean };
  /** Workspaces that may use it; undefined = all. */
  readonly workspaces?: ReadonlySet<string>;
  readonly limits?: readonly Limit[];
};

/** One model at one provider: what an attempt is sent to. */
export type Endpoint = {
  /** `author/name@provider`, as shown in headers. */
  readonly id: string;
  readonly model: Model;
  readonly provider: Provider;
  /** The provider's own model id, variant suffix included. */
  readonly providerModel: string;
  /** The provider's wire, unless it serves this model on another one only. */
  readonly wire: Wire;
  readonly price?: Price;
  readonly context?: number;
  /** Tokens of prompt, where less than the context is allowed. */
  readonly maxInput?: number;
  readonly maxOutput?: number;
  readonly features: ReadonlySet<Feature>;
  readonly retiresOn?: string;
};

/** Generation parameters in OpenAI chat naming (`temperature`, `max_tokens`, `reasoning_effort`, …). */
export type Parameters = JsonObject;

/** OpenRouter's `provider` object. Money in USD per million tokens, as there. */
export type ProviderPreferences = {
  readonly order?: readonly string[];
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly allow_fallbacks?: boolean;
  readonly require_parameters?: boolean;
  readonly data_collection?: 'allow' | 'deny';
  readonly zdr?: boolean;
  readonly enforce_distillable_text?: boolean;
  readonly quantizations?: readonly string[];
  readonly sort?: JsonValue;
  /** Medians or percentiles, in tokens per second and in seconds. */
  readonly preferred_min_throughput?: JsonValue;
  readonly preferred_max_latency?: JsonValue;
  readonly max_price?: {
    readonly prompt?: number;
    readonly completion?: number;
    readonly request?: number;
    readonly image?: number;
    readonly audio?: number;
  };
};

/** One entry of a chain. */
export type Member = {
  /** Canonical slug; a variant (`:nitro`) or another OpenRouter-only name stays in it and is served by OpenRouter alone. */
  readonly model: string;
  readonly parameters: Parameters;
};

/** Milliseconds. Per attempt, except `startBy`: no new attempt begins later than this after the request came. */
export type Timeouts = {
  readonly connect: number;
  /** Undefined = the default rule: 60 s, 180 s when reasoning is asked or the prompt exceeds 50k tokens. */
  readonly firstToken?: number;
  readonly response: number;
  readonly idle: number;
  readonly total: number;
  readonly startBy: number;
};

export type Failover = {
  readonly on: ReadonlySet<FailureClass>;
  readonly timeouts: Timeouts;
  readonly order: 'listed' | 'price';
  /** Upstream calls per client request, in all. */
  readonly attempts: number;
  readonly maxCostMultiplier?: number;
  /** How long a conversation stays on the fallback that served it, in ms. */
  readonly stay?: number;
};

export type Floor = {
  readonly tier?: Tier;
  readonly context?: number;
  readonly features: readonly Feature[];
  readonly below: 'never' | 'last_resort';
};

/** A draft is no version yet. */
export type PresetVersion = number | 'draft';

export type Preset = {
  /** As its workspace calls it; `workspace/slug` where another workspace uses it. */
  readonly slug: string;
  readonly version: PresetVersion;
  readonly workspace: string;
  /** Workspaces that may use it, beside its own. */
  readonly sharedWith?: 'all' | ReadonlySet<string>;
  readonly description?: string;
  /** Position 0 is the primary. Empty = the request must name a model. */
  readonly chain: readonly Member[];
  readonly systemPrompt?: string;
  readonly parameters: Parameters;
  readonly tools: readonly JsonObject[];
  readonly provider: ProviderPreferences;
  readonly locked: ReadonlySet<string>;
  readonly floor?: Floor;
  readonly failover: Failover;
  readonly limits?: readonly Limit[];
  /** The first rule that fits chooses the preset that serves; then there is no chain of its own. */
  readonly route?: readonly RouteRule[];
  /** Where background calls of known agents go instead. */
  readonly background?: Background;
};

/** Background calls of these kinds, or of any, go to another preset of the workspace. */
export type Background = { readonly preset: string; readonly kinds?: readonly BackgroundKind[] };

/** One rule of a routing preset. */
export type RouteRule = {
  readonly when: RouteWhen;
  /** Slug of a preset of the same workspace. */
  readonly preset: string;
};

/** What must hold for a rule to fit: all of it; of a list any. Nothing = it always fits. Names may hold `*`. */
export type RouteWhen = {
  readonly task?: readonly string[];
  /** Whether there are any, or names of which one must be among them. */
  readonly tools?: boolean | readonly string[];
  readonly promptTokens?: {
    readonly gt?: number;
    readonly gte?: number;
    readonly lt?: number;
    readonly lte?: number;
  };
  readonly modality?: readonly ('image' | 'audio' | 'file')[];
  /** The name that was asked for. */
  readonly model?: readonly string[];
  /** Names in lower case → values. */
  readonly header?: ReadonlyMap<string, readonly string[]>;
  readonly user?: readonly string[];
  readonly time?: RouteTime;
  readonly background?: boolean | readonly BackgroundKind[];
};

/** Minutes of the day, UTC; `to` is the first that no longer counts. Past midnight it belongs to the day it began on. */
export type RouteTime = {
  readonly from: number;
  readonly to: number;
  /** 0 = Sunday. Absent = every day. */
  readonly days?: ReadonlySet<number>;
};

/** What is a version, and no draft. */
export type NumberedPreset = Preset & { readonly version: number };

export type PresetEntry = {
  readonly active: NumberedPreset;
  /** Every version by number, the active one included. */
  readonly versions: ReadonlyMap<number, Preset>;
  /** What keys that may call drafts are served as `@draft`. */
  readonly draft?: Preset;
  /** Serves so many of 100 conversations instead of the active one. */
  readonly rollout?: { readonly preset: Preset; readonly percent: number };
  readonly status: 'active' | 'disabled' | 'archived';
};

export type Workspace = {
  readonly name: string;
  /** Named in refusals. */
  readonly contact?: string;
  readonly presets: ReadonlyMap<string, PresetEntry>;
  /** A name that stands for a preset. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly limits?: readonly Limit[];
};

export type Key = {
  readonly name: string;
  readonly workspace: string;
  /** Presets it may use; undefined = all of the workspace. */
  readonly presets?: ReadonlySet<string>;
  /** Plain models it may use; undefined = all, unless `presets` is set, then none. */
  readonly models?: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly disabled: boolean;
  /** It may call drafts. */
  readonly drafts?: true;
  /** It may write the presets that it may use. */
  readonly writePresets?: true;
  /** Epoch ms. */
  readonly expiresAt?: number;
  readonly limits?: readonly Limit[];
};

/** Whoever may use the control plane by a key of their own. */
export type Admin = {
  readonly name: string;
  readonly role: Role;
  readonly disabled: boolean;
  /** Epoch ms. */
  readonly expiresAt?: number;
};

/** When somebody is to be told. */
export type Alert = {
  readonly name: string;
  readonly when:
    | 'on_fallback'
    | 'cost_multiplier'
    | 'premium'
    | 'limit'
    | 'credential'
    | 'retiring'
    | 'refused';
  /** The multiple, USD per hour, or percentage from which on it counts. */
  readonly at?: number;
  /** How long it must last, in ms. */
  readonly for: number;
  readonly workspace?: string;
  readonly preset?: string;
  /** Resolved address. */
  readonly webhook?: string;
  readonly allowPrivate: boolean;
};

export type Snapshot = {
  /** The revision of the configuration this was built from. */
  readonly revision: number;
  readonly catalogue: Catalogue;
  /** In the order of the document. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Canonical slug → its endpoints, in the order their providers stand in the document. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>;
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** SHA-256 of the key in hex → key. */
  readonly keys: ReadonlyMap<string, Key>;
  /** Limits of the whole gateway. */
  readonly limits?: readonly Limit[];
  /** Canonical slug → limits of the model, whoever serves it. */
  readonly modelLimits?: ReadonlyMap<string, readonly Limit[]>;
  readonly alerts?: readonly Alert[];
  /** SHA-256 of the key in hex → administrator. */
  readonly admins: ReadonlyMap<string, Admin>;
};
