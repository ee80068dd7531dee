// On every page: htmx and the small elements. Map, scanner and charts are bundles of their own.
import htmx from "htmx.org";
import "./bell.js";
import "./count_down.js";
import "./live_region.js";
import "./locate.js";
import "./page.js";
import "./quantity.js";
import "./suggest.js";
import "./service_worker.js";
import "./wechat_pay.js";

window.htmx = htmx;
