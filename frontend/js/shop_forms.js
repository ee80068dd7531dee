// On the pages where a shop writes about itself: counters of texts, uploads with progress, order by dragging.
// All of it works without this file; here it becomes quicker.

// <text-counter data-most>: how many characters of the most are written.
class TextCounter extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("textarea");
    this.count = this.querySelector("[data-count]");
    this.field.addEventListener("input", () => this.show());
    this.show();
  }

  show() {
    this.count.textContent = `${this.field.value.length} / ${this.dataset.most}`;
  }
}
customElements.define("text-counter", TextCounter);

// <picture-upload>: several files at once, dropped or chosen, one request each, with how far they are.
class PictureUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[type=file]");
    this.bar = this.querySelector("progress");
    this.messages = this.querySelector("[data-messages]");
    this.input.multiple = true;
    this.querySelector("button[type=submit]").hidden = true;
    this.input.addEventListener("change", () => this.take([...this.input.files]));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const kind of ["dragenter", "dragover"])
      this.form.addEventListener(kind, (event) => this.over(event));
    for (const kind of ["dragleave", "drop"])
      this.form.addEventListener(kind, () => this.form.classList.remove("is-over"));
    this.form.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take([...event.dataTransfer.files]);
    });
  }

  over(event) {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    this.form.classList.add("is-over");
  }

  async take(files) {
    this.messages.replaceChildren();
    this.input.disabled = true;
    const said = [];
    for (const [index, file] of files.entries()) {
      const words = await this.send(file, (part) => this.progress((index + part) / files.length));
      if (words) said.push(`${file.name}: ${words}`);
    }
    await window.htmx.ajax("GET", this.dataset.address, { target: "#pictures", swap: "outerHTML" });
    const fresh = document.querySelector("#pictures [data-messages]");
    for (const line of said) {
      const item = document.createElement("p");
      item.textContent = line;
      fresh?.append(item);
    }
  }

  progress(part) {
    this.bar.hidden = false;
    this.bar.value = Math.round(part * 100);
  }

  /** Sends one file; resolves to "" or to what was wrong with it. */
  send(file, progress) {
    if (file.size > Number(this.dataset.most)) return Promise.resolve(this.dataset.tooHeavy);
    const body = new FormData(this.form);
    body.set("file", file);
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.dataset.address);
      request.setRequestHeader("HX-Request", "true");
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress(event.loaded / event.total);
      });
      request.addEventListener("error", () => resolve(this.dataset.failed));
      request.addEventListener("load", () => {
        if (request.status < 300) return resolve("");
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        resolve(answer.querySelector(".notice-bad")?.textContent.trim() || this.dataset.failed);
      });
      request.send(body);
    });
  }
}
customElements.define("picture-upload", PictureUpload);

// <picture-order>: pictures dragged to another place; the buttons beside them do the same.
class PictureOrder extends HTMLElement {
  connectedCallback() {
    for (const item of this.querySelectorAll("li[data-action]")) {
      const handle = item.querySelector(".cover");
      handle.draggable = true;
      handle.addEventListener("dragstart", (event) => {
        this.dragged = item;
        item.classList.add("is-dragged");
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", item.dataset.place);
      });
      handle.addEventListener("dragend", () => item.classList.remove("is-dragged"));
      item.addEventListener("dragover", (event) => this.dragged && event.preventDefault());
      item.addEventListener("drop", (event) => this.drop(event, item));
    }
  }

  drop(event, onto) {
    const item = this.dragged;
    this.dragged = null;
    if (!item || item === onto) return;
    event.preventDefault();
    window.htmx.ajax("POST", item.dataset.action, {
      target: this.dataset.target,
      swap: "outerHTML",
      values: { do: "move", to: onto.dataset.place },
      source: this,
    });
  }
}
customElements.define("picture-order", PictureOrder);
