// What two devices agree on, the same as in Rust: the cases are those of `crates/kith-private`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { safeName, sumAdd, sumOf } from "../dist/private/file.js";
import type { Client } from "../dist/client.js";
import { KithError } from "../dist/error.js";
import { Agreement, bytes, commitment, hex, type Identity, type Part } from "../dist/private/handshake.js";
import { Keys, memoryKeys } from "../dist/private/keys.js";
import { Wire } from "../dist/private/wire.js";

interface Device {
  user: string;
  seed: string;
  part: Part;
  proof: string;
}

interface Cases {
  id: string;
  inviting: Device;
  invited: Device;
  commitment: string;
  words: [string, string][];
  description: { attempt: number; sdp: string; proof: string };
  sums: { size: number; block: string; sum: string }[];
  names: { offered: string; safe: string }[];
}

const cases = JSON.parse(readFileSync(new URL("../../../tests/cases/private/agree.json", import.meta.url), "utf8")) as Cases;
const base64 = (digits: string) => Buffer.from(digits, "hex").toString("base64url");

async function identity({ seed, part: { key } }: Device): Promise<Identity> {
  const jwk = { kty: "OKP", crv: "Ed25519", d: base64(seed), x: base64(key) };
  return { key, secret: await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]) };
}

test("both sides work out what the cases say", async () => {
  const { id, inviting, invited, description } = cases;
  const between = { id, inviting: inviting.user, invited: invited.user };
  assert.equal(await commitment(between, inviting.part), cases.commitment);
  const one = await Agreement.of(between, "inviting", inviting.part, invited.part);
  const other = await Agreement.of(between, "invited", invited.part, inviting.part);
  assert.equal(await one.prove(await identity(inviting)), inviting.proof);
  assert.equal(await other.prove(await identity(invited)), invited.proof);
  await one.check(invited.proof);
  await other.check(inviting.proof);
  assert.deepEqual([await one.words(), await other.words()], [cases.words, cases.words]);
  const { attempt, sdp, proof } = description;
  assert.equal(await one.signDescription(await identity(inviting), attempt, sdp), proof);
  await other.checkDescription(attempt, sdp, proof);
  for (const [number, text] of [[attempt + 1, sdp], [attempt, `${sdp}a=x\r\n`]] as const) {
    await assert.rejects(other.checkDescription(number, text, proof));
  }
});

test("whatever somebody in between changes is noticed", async () => {
  const { id, inviting, invited } = cases;
  const between = { id, inviting: inviting.user, invited: invited.user };
  const otherwise = "ab".repeat(32);
  for (const field of ["key", "fingerprint", "nonce"] as const) {
    const changed = { ...inviting.part, [field]: otherwise };
    assert.notEqual(await commitment(between, changed), cases.commitment);
    const agreement = await Agreement.of(between, "invited", invited.part, changed);
    await assert.rejects(agreement.check(inviting.proof));
  }
  await assert.rejects(Agreement.of(between, "invited", invited.part, invited.part));
  for (const wrong of [undefined, 1, "", otherwise, "AB".repeat(64)]) {
    const agreement = await Agreement.of(between, "invited", invited.part, inviting.part);
    await assert.rejects(agreement.check(wrong));
  }
  assert.throws(() => bytes("zz", 1));
});

test("a description names the certificate that was agreed on and no other", async () => {
  const { id, inviting, invited, description } = cases;
  const between = { id, inviting: inviting.user, invited: invited.user };
  const one = await Agreement.of(between, "inviting", inviting.part, invited.part);
  const other = await Agreement.of(between, "invited", invited.part, inviting.part);
  const line = (byte: string) => `a=fingerprint:sha-256 ${Array(32).fill(byte).join(":")}\r\n`;
  const check = async (sdp: string) =>
    other.checkDescription(1, sdp, await one.signDescription(await identity(inviting), 1, sdp));
  await check(`v=0\r\n${line("0B")}`);
  for (const sdp of ["v=0\r\n", line("0C"), line("0B") + line("0C"), `${line("0B")}A=FINGERPRINT:sha-1 00\r\n`]) {
    await assert.rejects(check(sdp), { name: "HandshakeError" });
  }
  assert.equal(description.attempt, 3);
});

test("files have the sums and names that the cases say", async () => {
  for (const { size, block, sum } of cases.sums) {
    const begun = await sumOf(size);
    const text = new TextEncoder().encode(block);
    assert.equal(hex(block === "" ? begun : await sumAdd(begun, text)), sum);
  }
  for (const { offered, safe } of cases.names) assert.equal(safeName(offered), safe);
});

test("the first device is believed, and another is told apart", async () => {
  const store = memoryKeys();
  const keys = await Keys.open(store, "here");
  assert.equal((await Keys.open(store, "here")).identity.key, keys.identity.key);
  assert.equal(await keys.trust("u_bob", "01"), "first");
  await keys.remember("u_bob", "01", false);
  assert.equal(await keys.trust("u_bob", "01"), "known");
  assert.equal(await keys.trust("u_bob", "02"), "changed");
  await keys.remember("u_bob", "01", true);
  await keys.remember("u_bob", "01", false);
  assert.equal(await keys.trust("u_bob", "01"), "verified");
  assert.equal(await (await Keys.open(store, "there")).trust("u_bob", "01"), "first");
});

/** Says something to a device over a server that answers so, the last again and again; what came of it, and after how many calls. */
async function said(...answers: object[]): Promise<[unknown, number]> {
  let calls = 0;
  const call = () => {
    const answer = answers[Math.min(calls, answers.length - 1)];
    calls += 1;
    return "code" in answer! ? Promise.reject(new KithError({ message: "no", ...(answer as { code: string }) })) : Promise.resolve(answer);
  };
  const wire = new Wire({ call } as unknown as Client, () => Promise.resolve(null));
  const came = await wire.call({ user: "u_bob", name: "private/1" }, "id", {}).catch((error: unknown) => (error as KithError).code);
  return [came, calls];
}

test("what is only too early is said again, a few times, and nothing that may have been done", async () => {
  const early = { code: "rate.exceeded", retry_ms: 1 };
  assert.deepEqual(await said(early, early, { heard: true }), [{ heard: true }, 3]);
  assert.deepEqual(await said(early), ["rate.exceeded", 6]);
  assert.deepEqual(await said({ ...early, unknown: true }), ["rate.exceeded", 1]);
  assert.deepEqual(await said({ code: "service.failed", retry_ms: 1, failure: { code: "private.busy", message: "busy" } }), ["service.failed", 1]);
  assert.deepEqual(await said({ code: "service.no_provider" }), ["service.no_provider", 1]);
});
