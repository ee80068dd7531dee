// Builds everything a browser needs into hutong/static/dist: `node frontend/build.mjs [--watch]`.
// Called by tools/assets.py while the package is installed; `--watch` is for work on pages.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const modules = join(root, "node_modules");
const out = join(root, "hutong/static/dist");

const lines = (path) =>
  readFileSync(join(root, path), "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/)[0])
    .filter((word) => word && !word.startsWith("#"));

/** One bundle a page kind, so that map, scanner and chart code loads only where it is used. */
async function scripts() {
  await build({
    entryPoints: ["app", "map", "map_door", "scan", "charts", "console", "push"].map((name) =>
      join(root, "frontend/js", `${name}.js`),
    ),
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "linked",
    logLevel: "warning",
    // htmx contains eval behind its allowEval switch, which base.html turns off
    logOverride: { "direct-eval": "silent" },
  });
  await build({
    entryPoints: [join(modules, "maplibre-gl/dist/maplibre-gl-worker.mjs")],
    outfile: join(out, "map_worker.js"),
    bundle: true,
    minify: true,
    format: "esm",
    logLevel: "warning",
  });
  await build({
    entryPoints: [join(modules, "maplibre-gl/dist/maplibre-gl.css")],
    outfile: join(out, "maplibre.css"),
    minify: true,
    logLevel: "warning",
  });
  cpSync(join(modules, "zxing-wasm/dist/reader/zxing_reader.wasm"), join(out, "zxing_reader.wasm"));
}

/** One sprite of Lucide icons, used as `<use href="icons.svg#name">`. */
function icons() {
  const symbols = lines("frontend/icons.txt").map((name) => {
    const svg = readFileSync(join(modules, "lucide-static/icons", `${name}.svg`), "utf8");
    const body = svg
      .replace(/<!--.*?-->/gs, "")
      .replace(/^[\s\S]*?<svg[^>]*>/, "")
      .replace("</svg>", "")
      .trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, "")}</symbol>`;
  });
  writeFileSync(
    join(out, "icons.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`,
  );
}

function emoji() {
  mkdirSync(join(out, "emoji"), { recursive: true });
  for (const code of lines("frontend/emoji.txt")) {
    cpSync(
      join(modules, "@lobehub/fluent-emoji-3d/assets", `${code}.webp`),
      join(out, "emoji", `${code}.webp`),
    );
  }
}

function styles() {
  const cli = join(modules, "@tailwindcss/cli/dist/index.mjs");
  const words = [
    cli,
    "-i",
    "frontend/css/app.css",
    "-o",
    join(out, "app.css"),
    "--minify",
    ...process.argv.slice(2),
  ];
  const run = spawnSync(process.execPath, words, {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(run.stderr);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await scripts();
icons();
emoji();
styles();
