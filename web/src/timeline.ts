// The time line: heap, resident set and its parts over time; a click chooses a moment, a drag an interval.

import uPlot from "uplot";
import type { Selection } from "./calls";
import { bytes, seconds } from "./format";
import type { Payload } from "./payload";

export class TimeLine {
  private plot: uPlot | null = null;
  private selection: Selection;
  private data: uPlot.AlignedData;
  private looks: Payload["looks"];
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    private readonly box: HTMLElement,
    private readonly payload: Payload,
    selection: Selection,
    private readonly onMoment: (moment: number) => void,
    private readonly onInterval: (from: number, to: number) => void,
    private readonly onPoint: (index: number | null) => void,
  ) {
    this.selection = selection;
    this.looks = payload.looks;
    const { time_ms, heap, anonymous, file, shared } = payload.timeline;
    const sum = (...parts: (number | null)[]): number | null =>
      parts.some((part) => part === null) ? null : parts.reduce<number>((all, part) => all + (part ?? 0), 0);
    this.data = [
      time_ms.map((time) => time / 1000),
      time_ms.map((_, i) => sum(anonymous[i], file[i], shared[i])),
      time_ms.map((_, i) => sum(anonymous[i], shared[i])),
      anonymous.slice(),
      heap,
      heap.map(() => null),
    ] as uPlot.AlignedData;
    this.make();
    new ResizeObserver(() => this.resize()).observe(box);
    this.dark.addEventListener("change", () => this.make());
  }

  select(selection: Selection): void {
    this.selection = selection;
    this.plot?.redraw(false);
  }

  /** Draws the heap of a part by moment in front of all, with the looks at its process alone; `null` ends that. */
  showPart(course: Float64Array | null, process: number | null): void {
    this.looks = this.payload.looks.filter((look) => process === null || look.process === process);
    const { time_ms } = this.payload.timeline;
    const moments = this.payload.moments.time_ms;
    let moment = 0;
    const part = time_ms.map((time) => {
      while (moment + 1 < moments.length && moments[moment + 1] <= time) moment++;
      return course && moments[moment] <= time ? course[moment] : null;
    });
    this.data = [...this.data.slice(0, -1), part] as unknown as uPlot.AlignedData;
    this.plot?.setData(this.data);
  }

  /** The moment nearest to a time in seconds. */
  nearest(time: number): number {
    const times = this.payload.moments.time_ms;
    let best = 0;
    for (let i = 1; i < times.length; i++)
      if (Math.abs(times[i] / 1000 - time) < Math.abs(times[best] / 1000 - time)) best = i;
    return best;
  }

  private resize(): void {
    const width = this.box.clientWidth;
    if (this.plot && width > 0) this.plot.setSize({ width, height: this.height() });
  }

  private height(): number {
    return this.box.clientWidth < 600 ? 150 : 190;
  }

  private make(): void {
    this.plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const area = (name: string, fill: string, width: number): uPlot.Series => ({
      stroke: colour(name),
      fill: colour(fill),
      width,
      points: { show: false },
      spanGaps: false,
    });
    const stepped = uPlot.paths.stepped!({ align: 1 });
    this.plot = new uPlot(
      {
        width: Math.max(this.box.clientWidth, 100),
        height: this.height(),
        padding: [14, 10, 0, 0],
        legend: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.06] } },
        cursor: { y: false, drag: { x: true, y: false, setScale: false, dist: 6 }, points: { show: false } },
        axes: [
          { ...axis, size: 26, values: (_, ticks) => ticks.map((tick) => `${Number(tick.toFixed(3))} s`) },
          { ...axis, size: 70, space: 36, values: (_, ticks) => ticks.map((tick) => bytes(tick).replace(/\.0+ /, " ")) },
        ],
        series: [
          {},
          { ...area("--rss-file", "--rss-file-fill", 1), paths: stepped },
          { ...area("--rss-shared", "--rss-shared-fill", 1), paths: stepped },
          { ...area("--rss-anonymous", "--rss-anonymous-fill", 1), paths: stepped },
          area("--heap", "--heap-fill", 2),
          { ...area("--part", "--part-fill", 2), paths: stepped },
        ],
        hooks: {
          draw: [(plot) => this.marks(plot)],
          setCursor: [(plot) => this.onPoint(plot.cursor.idx ?? null)],
          setSelect: [
            (plot) => {
              const { left, width } = plot.select;
              if (width < 6) return;
              const from = this.nearest(plot.posToVal(left, "x"));
              const to = this.nearest(plot.posToVal(left + width, "x"));
              plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
              if (to > from) this.onInterval(from, to);
              else this.onMoment(to);
            },
          ],
          ready: [
            (plot) => {
              let down = 0;
              plot.over.addEventListener("pointerdown", (event) => (down = event.clientX));
              plot.over.addEventListener("click", (event) => {
                if (Math.abs(event.clientX - down) >= 6) return;
                const left = event.clientX - plot.over.getBoundingClientRect().left;
                this.onMoment(this.nearest(plot.posToVal(left, "x")));
              });
            },
          ],
        },
      },
      this.data,
      this.box,
    );
  }

  private marks(plot: uPlot): void {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    const ratio = window.devicePixelRatio || 1;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const x = (ms: number): number => Math.max(left, Math.min(left + width, plot.valToPos(ms / 1000, "x", true)));
    const { time_ms, peak } = this.payload.moments;
    const { mode, at, from, to } = this.selection;
    ctx.save();
    ctx.lineWidth = ratio;
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "bottom";
    for (const look of this.looks) {
      ctx.fillStyle = colour("--look");
      ctx.beginPath();
      ctx.moveTo(x(look.time_ms) - 4 * ratio, top);
      ctx.lineTo(x(look.time_ms) + 4 * ratio, top);
      ctx.lineTo(x(look.time_ms), top + 7 * ratio);
      ctx.fill();
    }
    const line = (ms: number, stroke: string, dash: number[]): void => {
      ctx.strokeStyle = stroke;
      ctx.setLineDash(dash.map((it) => it * ratio));
      ctx.beginPath();
      ctx.moveTo(x(ms), top);
      ctx.lineTo(x(ms), top + height);
      ctx.stroke();
    };
    const label = (ms: number, text: string, ink: string): void => {
      const wide = ctx.measureText(text).width;
      ctx.fillStyle = ink;
      ctx.fillText(text, Math.max(left, Math.min(x(ms) - wide / 2, left + width - wide)), top - 1 * ratio);
    };
    line(time_ms[peak], colour("--muted"), [3, 3]);
    const peakText = `peak ${seconds(time_ms[peak] / 1000)}`;
    ctx.lineWidth = 2 * ratio;
    if (mode === "live") {
      line(time_ms[at], colour("--mark-line"), []);
      label(time_ms[at], at === peak ? peakText : seconds(time_ms[at] / 1000), colour("--text"));
    } else {
      const start = from < 0 ? 0 : time_ms[from];
      ctx.fillStyle = colour("--band");
      ctx.fillRect(x(start), top, x(time_ms[to]) - x(start), height);
      line(start, colour("--mark-line"), []);
      line(time_ms[to], colour("--mark-line"), []);
      label((start + time_ms[to]) / 2, `${seconds(start / 1000)} to ${seconds(time_ms[to] / 1000)}`, colour("--text"));
    }
    ctx.restore();
  }
}
