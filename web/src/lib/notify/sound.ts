// A short sound of two tones, made by the browser: nothing to load. One at a time, and not without end.

const KEPT = "kith.sound";
const TONES: readonly { hertz: number; at_s: number }[] = [{ hertz: 660, at_s: 0 }, { hertz: 880, at_s: 0.09 }];
const LENGTH_S = 0.22;
const LOUD = 0.08;
/** However much happens, it sounds this often at most. */
const PAUSE_MS = 1500;

let context: AudioContext | undefined;
let last_ms = -Infinity;

/** Whether sounds are wanted in this browser. */
export function hasSound(): boolean {
  return localStorage.getItem(KEPT) !== "off";
}

export function setSound(on: boolean): void {
  localStorage.setItem(KEPT, on ? "on" : "off");
}

/** Plays it, if sounds are wanted and the browser lets the page; whether it did. */
export function playSound(now_ms: number): boolean {
  if (!hasSound() || now_ms - last_ms < PAUSE_MS || !("AudioContext" in globalThis)) return false;
  // Before one pressed anything in the page, browsers keep it silent, and complain.
  if (navigator.userActivation?.hasBeenActive === false) return false;
  last_ms = now_ms;
  context ??= new AudioContext();
  void context.resume().catch(() => {});
  for (const { hertz, at_s } of TONES) tone(context, hertz, context.currentTime + at_s);
  return true;
}

function tone(audio: AudioContext, hertz: number, at: number): void {
  const [source, volume] = [audio.createOscillator(), audio.createGain()];
  source.type = "sine";
  source.frequency.value = hertz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(LOUD, at + 0.012);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + LENGTH_S);
  source.connect(volume).connect(audio.destination);
  source.start(at);
  source.stop(at + LENGTH_S);
}
