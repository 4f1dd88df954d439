// Whether a webhook is from who it says: `node verify.mjs KEY ID TIMESTAMP SIGNATURES < body`, with
// the key `whsec_…` or `whpk_…` and the three headers. Needs nothing but Node.
import { createHmac, createPublicKey, timingSafeEqual, verify as ed25519 } from "node:crypto";
import { readFileSync } from "node:fs";

const TOLERANCE_S = 300;
const DER = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410, before the 32 bytes

// `body` is a Buffer, as it came: JSON that was read and written again is another.
export function verify(key, id, timestamp, signatures, body) {
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_S) {
    return false; // it was played back, or one of the clocks is wrong
  }
  const secret = Buffer.from(key.slice(key.indexOf("_") + 1), "base64");
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const given = signatures.split(" ").map((one) => one.split(","));
  if (key.startsWith("whsec_")) {
    const right = createHmac("sha256", secret).update(signed).digest();
    return given.some(([version, text]) => {
      const bytes = Buffer.from(text ?? "", "base64");
      return version === "v1" && bytes.length === right.length && timingSafeEqual(bytes, right);
    });
  }
  const known = createPublicKey({ key: Buffer.concat([DER, secret]), format: "der", type: "spki" });
  return given.some(
    ([version, text]) =>
      version === "v1a" && ed25519(null, signed, known, Buffer.from(text ?? "", "base64")),
  );
}

if (process.argv[1]?.endsWith("verify.mjs")) {
  process.exit(verify(...process.argv.slice(2, 6), readFileSync(0)) ? 0 : 1);
}
