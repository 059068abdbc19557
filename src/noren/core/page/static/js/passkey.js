import { busy } from "./forms.js";

// Passkeys: asks the browser's authenticator and posts its answer in the form inside. Browsers bind them to a name, so at
// an address of numbers there are none.

const fromBase64url = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const toBase64url = (bytes) => {
  let plain = "";
  for (const byte of new Uint8Array(bytes)) plain += String.fromCharCode(byte);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

// Options as the server wrote them (base64url) to what the browser wants (bytes).
const passkeyOptions = (options, mode) => {
  const key = { ...options.publicKey, challenge: fromBase64url(options.publicKey.challenge) };
  const bytes = (list) => list?.map((one) => ({ ...one, id: fromBase64url(one.id) }));
  if (mode === "create") {
    key.user = { ...key.user, id: fromBase64url(key.user.id) };
    key.excludeCredentials = bytes(key.excludeCredentials);
    key.authenticatorSelection = {
      ...key.authenticatorSelection,
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    };
  } else {
    key.allowCredentials = bytes(key.allowCredentials);
  }
  for (const name of ["excludeCredentials", "allowCredentials"]) if (!key[name]) delete key[name];
  return { publicKey: key };
};

// The authenticator's answer as the server reads it.
const passkeyAnswer = (credential) => {
  const response = { clientDataJSON: toBase64url(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const part = credential.response[name];
    if (part) response[name] = toBase64url(part);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
};

class Passkey extends HTMLElement {
  connectedCallback() {
    if (!window.PublicKeyCredential || !navigator.credentials || /^[\d.]+$|:/.test(location.hostname)) return;
    this.hidden = false;
    this.querySelector("form").addEventListener("submit", (event) => this.ask(event));
  }

  async options() {
    if (this.dataset.options) return JSON.parse(this.dataset.options);
    const answer = await fetch(this.dataset.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).request_options;
  }

  async ask(event) {
    event.preventDefault();
    const form = event.target;
    const told = this.querySelector(".err");
    told.hidden = true;
    try {
      const mode = this.dataset.mode;
      const credential = await navigator.credentials[mode](passkeyOptions(await this.options(), mode));
      form.elements.credential.value = JSON.stringify(passkeyAnswer(credential));
      form.submit();
    } catch {
      setTimeout(() => busy(form, false)); // after the mark of the press itself
      told.textContent = this.dataset.failed;
      told.hidden = false;
    }
  }
}

customElements.define("noren-passkey", Passkey);
