// One connection between two devices, by WebRTC: made of an offer and an answer, used as two data
// channels, and over when any part of it is.

const GATHERING_MS = 5000;
const CANDIDATES_MAX = 64;
const SDP_BYTES_MAX = 16 * 1024;
/** More that waits to be sent makes nothing faster. */
const SEND_BYTES = 512 * 1024;
/** How long a last word may take to arrive. */
const GOODBYE_MS = 1000;

/** How connections are made. */
export interface Setup {
  certificate: RTCCertificate;
  iceServers: RTCIceServer[];
  direct: boolean;
}

/** What happens on a connection. */
export interface Happening {
  open(): void;
  text(text: string): void;
  piece(frame: ArrayBuffer): void;
  lost(): void;
}

/** Makes a certificate for one session, and its SHA-256. */
export async function certificate(): Promise<[RTCCertificate, string]> {
  const made = await RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" } as EcKeyGenParams);
  const named = made.getFingerprints().find(({ algorithm }) => algorithm?.toLowerCase() === "sha-256");
  const value = named?.value?.toLowerCase().replaceAll(":", "");
  if (value === undefined) throw new Error("the certificate has no SHA-256");
  return [made, value];
}

function check(sdp: string): void {
  const candidates = sdp.split("\n").filter((line) => line.startsWith("a=candidate:")).length;
  if (sdp.length > SDP_BYTES_MAX || candidates > CANDIDATES_MAX) throw new Error("the other side described its end at too great length");
}

export class Link {
  readonly #peer: RTCPeerConnection;
  readonly #texts: RTCDataChannel;
  readonly #files: RTCDataChannel;
  #isOver = false;

  private constructor(
    { certificate, iceServers, direct }: Setup,
    private readonly happening: Happening,
  ) {
    const iceTransportPolicy = direct ? "all" : "relay";
    this.#peer = new RTCPeerConnection({ certificates: [certificate], iceServers, iceTransportPolicy });
    this.#texts = this.#channel("texts", 0);
    this.#files = this.#channel("files", 1);
    this.#files.bufferedAmountLowThreshold = SEND_BYTES / 2;
    let opened = 0;
    for (const channel of [this.#texts, this.#files]) {
      channel.addEventListener("open", () => {
        opened += 1;
        if (opened === 2 && !this.#isOver) this.happening.open();
      });
    }
    this.#texts.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (this.#isOver) return;
      if (typeof data === "string") this.happening.text(data);
      else this.#lose();
    });
    this.#files.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (this.#isOver) return;
      if (data instanceof ArrayBuffer) this.happening.piece(data);
      else this.#lose();
    });
    this.#peer.addEventListener("connectionstatechange", () => {
      if (["disconnected", "failed", "closed"].includes(this.#peer.connectionState)) this.#lose();
    });
    // Nothing is said on channels that were not agreed on.
    this.#peer.addEventListener("datachannel", ({ channel }) => channel.close());
  }

  #channel(label: string, id: number): RTCDataChannel {
    const channel = this.#peer.createDataChannel(label, { negotiated: true, id });
    channel.binaryType = "arraybuffer";
    channel.addEventListener("close", () => this.#lose());
    return channel;
  }

  #lose(): void {
    if (this.#isOver) return;
    this.close();
    this.happening.lost();
  }

  /** Makes an offer, and our end of the connection. */
  static async offer(setup: Setup, happening: Happening): Promise<[Link, string]> {
    const link = new Link(setup, happening);
    await link.#peer.setLocalDescription(await link.#peer.createOffer());
    return [link, await link.#described()];
  }

  /** Makes the answer to an offer, and our end of the connection. */
  static async answer(setup: Setup, sdp: string, happening: Happening): Promise<[Link, string]> {
    check(sdp);
    const link = new Link(setup, happening);
    await link.#peer.setRemoteDescription({ type: "offer", sdp });
    await link.#peer.setLocalDescription(await link.#peer.createAnswer());
    return [link, await link.#described()];
  }

  /** Takes the answer to our offer. */
  async complete(sdp: string): Promise<void> {
    check(sdp);
    await this.#peer.setRemoteDescription({ type: "answer", sdp });
  }

  async #described(): Promise<string> {
    await new Promise<void>((resolve) => {
      const done = () => this.#peer.iceGatheringState === "complete" && resolve();
      this.#peer.addEventListener("icegatheringstatechange", done);
      // What was found until then is told, and may do.
      setTimeout(resolve, GATHERING_MS);
      done();
    });
    return this.#peer.localDescription?.sdp ?? "";
  }

  /** Sends a text frame. */
  say(frame: unknown): void {
    if (this.#isOver) return;
    try {
      this.#texts.send(JSON.stringify(frame));
    } catch {
      this.#lose();
    }
  }

  /** Sends a piece of a file, once there is room; whether it was sent. */
  async piece(frame: Uint8Array<ArrayBuffer>): Promise<boolean> {
    while (!this.#isOver && this.#files.bufferedAmount > SEND_BYTES) {
      await new Promise<void>((resolve) => {
        this.#files.addEventListener("bufferedamountlow", () => resolve(), { once: true });
        this.#files.addEventListener("close", () => resolve(), { once: true });
      });
    }
    if (this.#isOver || this.#files.readyState !== "open") return false;
    this.#files.send(frame);
    return true;
  }

  /** Ends it after a last word, which is given a moment to arrive. */
  goodbye(): void {
    this.say({ bye: {} });
    this.#isOver = true;
    setTimeout(() => this.#peer.close(), GOODBYE_MS);
  }

  close(): void {
    this.#isOver = true;
    this.#peer.close();
  }
}
