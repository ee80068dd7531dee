// <hutong-chart data-option='ECharts option as JSON'>: an SVG chart in the theme's colours. A table inside is
// what stands there without JavaScript, and what a screen reader is given. A colour in the option may be
// named after its token: "$primary", "$accent".
import { BarChart, FunnelChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  BarChart,
  FunnelChart,
  LineChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  SVGRenderer,
]);

function token(name) {
  // canvas turns oklch and color-mix into what ECharts can calculate with
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--color-${name}`).trim();
  return context.fillStyle;
}

const coloured = (option) =>
  JSON.parse(JSON.stringify(option).replace(/"\$([a-z0-9-]+)"/g, (_, name) => JSON.stringify(token(name))));

function defaults() {
  const text = token("base-content");
  const line = token("base-300");
  const axis = {
    axisLabel: { color: text, fontSize: 13, hideOverlap: true },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: line } },
  };
  return {
    color: [token("primary"), token("accent"), token("info"), token("secondary")],
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
    legend: { textStyle: { color: text }, itemGap: 20 },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: { ...axis, axisLine: { show: false } },
    bar: { itemStyle: { borderRadius: [6, 6, 0, 0] }, barMaxWidth: 36 },
    line: { smooth: 0.3, symbolSize: 7, lineStyle: { width: 3 } },
  };
}

class HutongChart extends HTMLElement {
  connectedCallback() {
    this.querySelector("table")?.parentElement.classList.add("sr-only");
    // a page that came back out of the history brings the drawing it had
    this.querySelector(".chart")?.remove();
    this.box = document.createElement("div");
    this.box.className = "chart";
    this.box.setAttribute("aria-hidden", "true");
    this.append(this.box);
    this.draw();
    this.watch = new ResizeObserver(() => this.chart.resize());
    this.watch.observe(this.box);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.scheme.addEventListener("change", this.redraw);
  }

  draw() {
    this.chart?.dispose();
    this.chart = echarts.init(this.box, defaults(), { renderer: "svg" });
    const option = coloured(JSON.parse(this.dataset.option));
    // the tooltip is drawn inside the SVG: an HTML one needs style attributes, which the policy refuses
    const tooltip = option.tooltip && { renderMode: "richText", confine: true, ...option.tooltip };
    this.chart.setOption({ animation: false, ...option, tooltip });
    this.setAttribute("ready", "");
  }

  disconnectedCallback() {
    this.scheme.removeEventListener("change", this.redraw);
    this.watch.disconnect();
    this.chart.dispose();
  }
}
customElements.define("hutong-chart", HutongChart);
