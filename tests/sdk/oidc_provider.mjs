// A provider of OpenID Connect that others wrote and that is certified: npm's oidc-provider, on a free port.
// Says {"issuer": …} on a line; reads a line {"redirect_uris": […]} and is ready when it has said {"ready": true}.
// There is a client for each algorithm; one sends its secret in the body. Whoever signs in as NAME has the subject NAME.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { default: Provider } = await import(createRequire(`${process.env.PACKAGE}/`).resolve("oidc-provider"));
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];

const key = (kind, options, more) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), ...more });
const keys = [
  key("rsa", { modulusLength: 2048 }, { use: "sig", kid: "rsa" }),
  key("ec", { namedCurve: "P-256" }, { use: "sig", kid: "ec" }),
  key("ed25519", undefined, { use: "sig", kid: "ed" }),
];

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin }).once("line", (line) => {
    const provider = new Provider(issuer, {
      clients: ALGORITHMS.map((algorithm) => ({
        client_id: `parvis-${algorithm}`,
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: JSON.parse(line).redirect_uris,
        token_endpoint_auth_method: algorithm === "ES256" ? "client_secret_post" : "client_secret_basic",
        id_token_signed_response_alg: algorithm,
      })),
      enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
      jwks: { keys },
      cookies: { keys: ["of no use elsewhere"] },
      pkce: { methods: ["S256"], required: () => true },
      conformIdTokenClaims: false,
      claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, name: `Somebody called ${id}`, email: `${id}@example.org`, email_verified: true }),
      }),
    });
    server.on("request", provider.callback());
    console.log(JSON.stringify({ ready: true }));
  });
});
