import "./offline/scan_page.js";

// <qr-scan data-form="form id" data-wasm="address">: reads a QR code with the camera, writes it into the form's
// `code` field and submits it. The same form takes a typed code, so a refused camera stops nobody. Children
// marked data-when="starting|ready|refused|missing|unloaded|paused" are shown in that state. <play-tone> sounds yes or
// no.
const PAUSE_MS = 120;
let reader; // of a browser that has none of its own: its bytes, once they have come

async function readerBytes(address) {
  if (!reader) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`the reader was answered with ${answer.status}`);
    reader = await answer.arrayBuffer();
  }
  return reader;
}

async function makeDetector(wasm, forced) {
  const native = !forced && "BarcodeDetector" in globalThis;
  if (native && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    return ["native", new BarcodeDetector({ formats: ["qr_code"] })];
  }
  const ponyfill = await import("barcode-detector/ponyfill");
  // Left to itself it remembers for good that its file did not come, and nothing would be read until the page is left.
  ponyfill.prepareZXingModule({ overrides: { wasmBinary: await readerBytes(wasm) } });
  return ["zxing", new ponyfill.BarcodeDetector({ formats: ["qr_code"] })];
}

class QrScan extends HTMLElement {
  async connectedCallback() {
    this.video = this.querySelector("video");
    document.addEventListener("click", this);
    window.addEventListener("online", this);
    await this.start();
  }

  handleEvent(event) {
    const again =
      event.type === "online" ? this.state === "unloaded" : event.target.closest?.("[data-scan-again]");
    if (again) this.start();
  }

  async start() {
    this.show("starting");
    this.last = null;
    try {
      if (!navigator.mediaDevices) throw new DOMException("no camera interface", "NotFoundError");
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1280 } },
      });
    } catch (error) {
      this.setAttribute("error", error.name);
      const refused = error.name === "NotAllowedError" || error.name === "SecurityError";
      this.show(refused ? "refused" : "missing");
      return;
    }
    this.removeAttribute("error");
    if (!this.isConnected) return this.stop(); // left while the browser asked
    this.video.srcObject = this.stream;
    try {
      await this.video.play();
    } catch (error) {
      if (!this.isConnected) return; // left while the camera started; that is no fault
      throw error;
    }
    await this.lookWith(this.hasAttribute("force-wasm"));
  }

  async lookWith(forced) {
    let made;
    try {
      made = await makeDetector(this.dataset.wasm, forced);
    } catch (error) {
      console.warn("the reader did not come", error.message);
      this.stop();
      return this.show("unloaded");
    }
    if (!this.isConnected) return; // left while the reader came
    const [engine, detector] = made;
    this.setAttribute("engine", engine);
    this.show("ready");
    this.look(detector);
  }

  async look(detector) {
    if (!this.isConnected || this.state !== "ready") return;
    if (this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      try {
        const [hit] = await detector.detect(this.video);
        if (hit) return this.found(hit.rawValue);
      } catch (error) {
        if (!this.isConnected) return; // left meanwhile; that is no fault
        if (this.getAttribute("engine") !== "native") throw error;
        return this.lookWith(true); // some phones have the interface, and nothing behind it
      }
    }
    setTimeout(() => this.look(detector), PAUSE_MS);
  }

  found(text) {
    this.stop();
    this.show("paused");
    navigator.vibrate?.(60);
    const form = document.getElementById(this.dataset.form);
    form.elements.code.value = text;
    form.requestSubmit();
  }

  show(state) {
    this.state = state;
    this.setAttribute("state", state);
    for (const child of this.querySelectorAll("[data-when]")) {
      child.hidden = !child.dataset.when.split(" ").includes(state);
    }
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }

  disconnectedCallback() {
    document.removeEventListener("click", this);
    window.removeEventListener("online", this);
    this.stop();
  }
}
customElements.define("qr-scan", QrScan);

const TONES = { yes: [660, 990], no: [220, 180] };
const SHAKES = { yes: [90], no: [140, 90, 140, 90, 140] };

class PlayTone extends HTMLElement {
  connectedCallback() {
    // without a tap on the page before, a browser keeps it silent; the colour and the words still say it
    if (!navigator.userActivation?.hasBeenActive) return;
    navigator.vibrate?.(SHAKES[this.getAttribute("tone")]);
    const context = new AudioContext();
    TONES[this.getAttribute("tone")].forEach((hertz, index) => {
      const note = new OscillatorNode(context, { frequency: hertz });
      const gain = new GainNode(context, { gain: 0.15 });
      note.connect(gain).connect(context.destination);
      note.start(context.currentTime + index * 0.12);
      note.stop(context.currentTime + index * 0.12 + 0.11);
    });
    setTimeout(() => context.close(), 600);
  }
}
customElements.define("play-tone", PlayTone);
