// Numbers and names for people, as the text report writes them.

const UNITS: [string, number, number][] = [
  ["kB", 1e3, 1],
  ["MB", 1e6, 1],
  ["GB", 1e9, 2],
  ["TB", 1e12, 2],
  ["PB", 1e15, 2],
];

/** `999 B`, `1.0 kB`, `412.3 MB`, `1.24 GB`; decimal units. */
export function bytes(count: number): string {
  if (count < 0) return `−${bytes(-count)}`;
  if (count < 1000) return `${Math.round(count)} B`;
  for (const [unit, size, decimals] of UNITS) {
    const shown = (Math.floor((count * 10 ** decimals + size / 2) / size) / 10 ** decimals).toFixed(decimals);
    if (Number(shown) < 1000 || unit === "PB") return `${shown} ${unit}`;
  }
  return "";
}

/** `3 ms`, `1.24 s`, `2 min 5 s`, `1 h 2 min`. */
export function seconds(span: number): string {
  const ms = Math.round(Math.max(0, span) * 1000);
  if (ms === 0) return "0 s";
  if (ms < 100) return `${ms} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const whole = Math.round(span);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(span / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function count(number: number): string {
  return Math.round(number)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** A part of a whole: `52 %`, `<1 %`, `100 %`. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return "";
  const percent = (part / whole) * 100;
  return part > 0 && percent < 0.5 ? "<1 %" : `${Math.round(percent)} %`;
}

// Characters that are not seen and change what is: controls, directions, joiners, half surrogates.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A name with everything in it that is not seen made visible. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Source text: like a name, but tabs are blanks. */
export function sourceText(text: string): string {
  return visible(text.replace(/\t/g, "    "));
}

export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
