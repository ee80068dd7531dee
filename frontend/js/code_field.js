// <scan-nonce> around a hidden input: a fresh nonce whenever the page shows a new scan, also when the browser
// brings the page back from its memory. While a scan is being repeated it stays the same.
class ScanNonce extends HTMLElement {
  connectedCallback() {
    this.renew = (event) => (event.persisted ?? true) && this.fill();
    window.addEventListener("pageshow", this.renew);
    this.fill();
  }

  disconnectedCallback() {
    window.removeEventListener("pageshow", this.renew);
  }

  fill() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const nonce = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.querySelector("input").value = nonce;
  }
}
customElements.define("scan-nonce", ScanNonce);

// <code-field> around a text input: capital letters in groups of four while somebody types. Where there is a
// mouse, the field waits for the next code by itself, so a scanner that types like a keyboard just works; on a
// phone that would open the keyboard, so the answer gets the focus.
class CodeField extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    this.input.addEventListener("input", () => this.group());
    const mouse = matchMedia("(pointer: fine)").matches;
    const here = mouse ? this.input : document.querySelector("[data-answer]");
    // after a swap htmx gives the focus back to the field it was in; a frame later the answer takes it
    requestAnimationFrame(() => here?.focus({ preventScroll: true }));
  }

  group() {
    const { value, selectionStart } = this.input;
    if (selectionStart !== value.length) return; // somebody mends the middle: leave the text alone
    if (/^HUTONG:[^:]+:/i.test(value)) return; // a hand scanner types the whole text of a QR
    const bare = value
      .toUpperCase()
      .replace(/^HUTONG:/, "")
      .replace(/[^\p{L}\p{N}]/gu, "");
    if (value.toUpperCase().startsWith("HUTONG") && bare.length <= 6) return;
    this.input.value = bare.match(/.{1,4}/gu)?.join("-") ?? "";
  }
}
customElements.define("code-field", CodeField);
