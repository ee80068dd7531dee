// <wechat-pay data-call="{…}">: inside WeChat its button hands a payment to the app; the page then asks how it ended.
const ASKED = "wechat-pay-asked";
const ANSWER = "get_brand_wcpay_request:";
// The page reads itself anew when the app gives it back, so what was said of a payment is not kept in an element.
const told = { of: "", what: "" };

function whenBridge(go) {
  if (window.WeixinJSBridge) go();
  else document.addEventListener("WeixinJSBridgeReady", go, { once: true });
}

function show() {
  for (const notice of document.querySelectorAll("wechat-pay [data-said]")) {
    notice.hidden = notice.dataset.said !== told.what;
  }
}

class WechatPay extends HTMLElement {
  connectedCallback() {
    this.call = JSON.parse(this.dataset.call);
    this.querySelector("button").addEventListener("click", () => this.pay());
    if (told.of === this.call.package) show();
    // Each payment once by itself: neither a renewed part nor the page after it was paid asks anybody again.
    if (sessionStorage.getItem(ASKED) !== this.call.package) this.pay();
  }

  pay() {
    whenBridge(() => {
      if (!this.isConnected) return;
      sessionStorage.setItem(ASKED, this.call.package);
      this.tell("");
      window.WeixinJSBridge.invoke("getBrandWCPayRequest", this.call, (answer) => this.ended(answer.err_msg));
    });
  }

  ended(said) {
    // WeChat's word is no proof: the server asks whether the money came.
    if (said === `${ANSWER}ok`) location.reload();
    else this.tell(said === `${ANSWER}cancel` ? "cancelled" : "failed");
  }

  tell(what) {
    told.of = this.call.package;
    told.what = what;
    show();
  }
}
customElements.define("wechat-pay", WechatPay);
