// <wechat-pay data-call="{…}">: inside WeChat its button hands a payment to the app; the page then asks how it ended.
let asked = false;

function whenBridge(go) {
  if (window.WeixinJSBridge) go();
  else document.addEventListener("WeixinJSBridgeReady", go, { once: true });
}

class WechatPay extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => this.pay());
    // Once by itself; a part of the page that is renewed asks nobody again.
    if (!asked) this.pay();
  }

  pay() {
    asked = true;
    whenBridge(() => {
      this.querySelector("[data-failed]").hidden = true;
      const call = JSON.parse(this.dataset.call);
      window.WeixinJSBridge.invoke("getBrandWCPayRequest", call, (answer) => this.ended(answer.err_msg));
    });
  }

  ended(said) {
    // WeChat's word is no proof: the server asks whether the money came.
    if (said === "get_brand_wcpay_request:ok") location.reload();
    else if (said !== "get_brand_wcpay_request:cancel") this.querySelector("[data-failed]").hidden = false;
  }
}
customElements.define("wechat-pay", WechatPay);
