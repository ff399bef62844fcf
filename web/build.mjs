// Builds the page around the payload: one HTML file with the program and the styles in it, allowed by their hashes.
// `--verify` builds nothing, and fails if the committed page is not what the sources build.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../crates/heapwise_page/assets/page.html", import.meta.url));

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

const program = await bundled("src/main.ts");
const style = await bundled("src/style.css");
const policy = [
  "default-src 'none'",
  `script-src ${hash(program)}`,
  `style-src ${hash(style)}`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const page = readFileSync(`${folder}src/page.html`, "utf8")
  .replace("<!--policy-->", () => policy)
  .replace("<!--style-->", () => style)
  .replace("<!--program-->", () => program);

if (process.argv.includes("--verify")) {
  if (readFileSync(target, "utf8") !== page) {
    console.error("crates/heapwise_page/assets/page.html is not what web/ builds: run `npm run build` in web/ and commit it");
    process.exit(1);
  }
  console.log(`page: the committed one is what web/ builds (${page.length} characters)`);
} else {
  writeFileSync(target, page);
  console.log(`page: ${page.length} characters`);
}
