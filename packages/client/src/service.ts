// Services with the types of what they take and give.

import type { Client } from "./client.js";
import type { Json } from "./json.js";
import type { Call, CircleId, Offer, ServiceName } from "./protocol.js";
import type { CallOptions, Offered, Request } from "./services.js";

/** How a service is offered, besides where and under which name. */
export type OfferOptions = Omit<Offer, "circle" | "name">;
/** How a service is called, besides which one and with what. */
export type TypedCallOptions = CallOptions & Omit<Call, "circle" | "name" | "args" | "credit" | "progress">;
/** Answers calls: with a result, or as a generator with items and then a result. */
export type Answer<A, R, I> = (args: A, request: Request) => R | Promise<R> | AsyncGenerator<I, R, void>;

/** A service of a circle: `A` is what it takes, `R` its result, `I` an item of its stream. */
export class TypedService<A, R, I> {
  readonly #client: Client;

  constructor(
    client: Client,
    readonly circle: CircleId,
    readonly name: ServiceName,
    private readonly options: OfferOptions,
  ) {
    this.#client = client;
  }

  /** Calls it and waits for its result, as `Client.call` does. */
  async call(args: A, options: TypedCallOptions = {}): Promise<R> {
    return (await this.#client.call(...this.#asked(args, options))) as R;
  }

  /** Calls it for a stream of items, as `Client.callStream` does. */
  stream(args: A, options: TypedCallOptions = {}): AsyncGenerator<I, R, void> {
    return this.#client.callStream(...this.#asked(args, options)) as AsyncGenerator<unknown, unknown, void> as AsyncGenerator<I, R, void>;
  }

  /** Offers it, as `Client.offer` does. What a caller sends is not looked at before `answer` has it. */
  offer(answer: Answer<A, R, I>, options: OfferOptions = {}): Promise<Offered> {
    const { circle, name } = this;
    return this.#client.offer<A>({ ...this.options, ...options, circle, name }, answer);
  }

  #asked(args: A, { signal, onProgress, window, ...call }: TypedCallOptions): [Call, CallOptions] {
    const options: CallOptions = {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(window === undefined ? {} : { window }),
    };
    return [{ ...call, circle: this.circle, name: this.name, args: args as Json }, options];
  }
}

/** A service of a schema. */
export interface ServiceKind<H> {
  readonly serve: (client: Client, circle: CircleId, name: ServiceName) => H;
}

/**
 * A service that takes `A` and gives `R`, and `I` where it is called for a stream; `options` are those
 * that it is offered with.
 */
export const service = <A = null, R = null, I = never>(options: OfferOptions = {}): ServiceKind<TypedService<A, R, I>> => ({
  serve: (client, circle, name) => new TypedService(client, circle, name, options),
});
