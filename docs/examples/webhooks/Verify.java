import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Whether a webhook is from who it says: {@code java Verify.java KEY ID TIMESTAMP SIGNATURES < body},
 * with the key {@code whsec_…} or {@code whpk_…} and the three headers. Java 17, and nothing else.
 */
public class Verify {
    private static final long TOLERANCE_S = 300;
    /** RFC 8410: what stands before the 32 bytes of a public key. */
    private static final byte[] DER = HexFormat.of().parseHex("302a300506032b6570032100");

    /** The body as it came, byte for byte: JSON that was read and written again is another. */
    public static boolean verify(
            String key, String id, String timestamp, String signatures, byte[] body)
            throws GeneralSecurityException {
        long now = System.currentTimeMillis() / 1000;
        if (!timestamp.matches("\\d{1,12}")
                || Math.abs(now - Long.parseLong(timestamp)) > TOLERANCE_S) {
            return false; // it was played back, or one of the clocks is wrong
        }
        byte[] secret = Base64.getDecoder().decode(key.substring(key.indexOf('_') + 1));
        byte[] signed = joined((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8), body);
        for (String one : signatures.split(" ")) {
            String[] parts = one.split(",", 2);
            if (parts.length < 2) {
                continue;
            }
            boolean right;
            if (key.startsWith("whsec_") && parts[0].equals("v1")) {
                Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(secret, "HmacSHA256"));
                right = MessageDigest.isEqual(mac.doFinal(signed), decoded(parts[1]));
            } else if (key.startsWith("whpk_") && parts[0].equals("v1a")) {
                right = ed25519(secret, decoded(parts[1]), signed);
            } else {
                continue;
            }
            if (right) {
                return true;
            }
        }
        return false;
    }

    private static boolean ed25519(byte[] key, byte[] signature, byte[] signed)
            throws GeneralSecurityException {
        PublicKey known =
                KeyFactory.getInstance("Ed25519")
                        .generatePublic(new X509EncodedKeySpec(joined(DER, key)));
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(known);
        verifier.update(signed);
        try {
            return verifier.verify(signature);
        } catch (java.security.SignatureException malformed) {
            return false;
        }
    }

    private static byte[] decoded(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException malformed) {
            return new byte[0];
        }
    }

    private static byte[] joined(byte[] one, byte[] other) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(one);
        both.writeBytes(other);
        return both.toByteArray();
    }

    public static void main(String[] given) throws GeneralSecurityException, IOException {
        byte[] body = System.in.readAllBytes();
        System.exit(verify(given[0], given[1], given[2], given[3], body) ? 0 : 1);
    }
}
