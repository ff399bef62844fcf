// Builds the pages that the crate fills in: each one HTML file with its styles, and its program if it has one, in it,
// allowed by their hashes. `--verify` builds nothing, and fails if the committed pages are not what the sources build.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const assets = fileURLToPath(new URL("../crates/heapwise_page/assets/", import.meta.url));

async function bundled(entry) {
  const built = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "inline",
    outdir: "out",
  });
  // Within a script element nothing may look like its end.
  return built.outputFiles[0].text.replaceAll("</script", "<\\/script").trim();
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

async function page(name, stylesheet, entry) {
  const style = await bundled(stylesheet);
  const program = entry && (await bundled(entry));
  const policy = [
    "default-src 'none'",
    ...(program ? [`script-src ${hash(program)}`] : []),
    `style-src ${hash(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return readFileSync(`${folder}src/${name}`, "utf8")
    .replace("<!--policy-->", () => policy)
    .replace("<!--style-->", () => style)
    .replace("<!--program-->", () => program);
}

const pages = [
  ["page.html", "src/style.css", "src/main.ts"],
  ["comparison.html", "src/comparison.css", null],
];
for (const [name, style, program] of pages) {
  const built = await page(name, style, program);
  if (!process.argv.includes("--verify")) {
    writeFileSync(assets + name, built);
    console.log(`${name}: ${built.length} characters`);
  } else if (readFileSync(assets + name, "utf8") === built) {
    console.log(`${name}: the committed one is what web/ builds (${built.length} characters)`);
  } else {
    console.error(`crates/heapwise_page/assets/${name} is not what web/ builds: run \`npm run build\` in web/ and commit it`);
    process.exitCode = 1;
  }
}
