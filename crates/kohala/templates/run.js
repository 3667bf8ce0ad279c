"use strict";
// Draws the charts out of the page's own data; all that they show stands in tables too.
const { run } = JSON.parse(document.getElementById("data").textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const name = ({ first, last, rejected }) => (first !== last ? `${first} to ${last}` : rejected > 0 ? `${first} invalid` : `${first}`);
const milliseconds = (time) => `${time.toFixed(1)} ms`;
const bytes = (number) => {
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, number)) / 10));
  return power === 0 ? `${number} B` : `${(number / 1024 ** power).toFixed(1)} ${["B", "KiB", "MiB", "GiB"][power]}`;
};
const many = (number) => number.toLocaleString("en");

/** A chart of bars without what a few bars don't need. `value` words a figure, of one bar and on the axis. */
const bars = ({ labels, datasets, horizontal, title, unit, value, legend, max, step }) => {
  const figures = { beginAtZero: true, max, grid: { color: colour("rule") }, border: { display: false }, ticks: { callback: unit, maxTicksLimit: 6, maxRotation: 0, stepSize: step } };
  const categories = { grid: { display: false }, border: { color: colour("rule") }, ticks: { autoSkip: !horizontal, maxRotation: 0 } };
  return {
    type: "bar",
    data: { labels, datasets: datasets.map((set) => ({ borderRadius: 1, maxBarThickness: 14, minBarLength: 1, ...set })) },
    options: {
      indexAxis: horizontal ? "y" : "x",
      animation: false,
      maintainAspectRatio: false,
      scales: horizontal ? { x: figures, y: categories } : { x: categories, y: figures },
      plugins: {
        title: { display: title !== undefined, text: title, align: "start", font: { weight: "normal", size: 12 }, padding: { bottom: 8 } },
        legend: { display: legend === true, align: "start", labels: { boxWidth: 10, boxHeight: 10 } },
        tooltip: { callbacks: { label: ({ dataset, raw }) => (dataset.label ? `${dataset.label}: ` : "") + value(raw) } },
      },
    },
  };
};

const charts = {
  timeline() {
    // One row for each phase of its own and each group of blocks: from when to when, by phase.
    const rows = [];
    let end = 0;
    const row = (label, phases) => {
      const spans = {};
      for (const [phase, time] of phases) {
        spans[phase] = [end, end + time];
        end += time;
      }
      rows.push({ label, spans });
    };
    if (run.prologue !== null) row("prologue", [["other", run.prologue]]);
    for (const group of run.bars.groups) row(name(group), [["derivation", group.derivation], ["execution", group.execution]]);
    if (run.epilogue !== null) row("epilogue", [["other", run.epilogue]]);
    if (run.broken_off !== null) row("broken off", [["other", run.milliseconds - end]]);
    const phase = (label, key) => ({
      label,
      data: rows.map(({ spans }) => spans[key] ?? null),
      backgroundColor: colour(key),
      grouped: false,
      // So short that it can't be seen is what derivation mostly takes.
      minBarLength: key === "derivation" ? 0 : 1,
    });
    const datasets = [phase("derivation", "derivation"), phase("execution", "execution"), phase("prologue and epilogue", "other")];
    if (run.broken_off !== null) datasets[2].label = "prologue, or broken off";
    const value = ([from, to]) => `${milliseconds(to - from)}, from ${milliseconds(from)}`;
    return bars({ labels: rows.map(({ label }) => label), datasets, horizontal: true, unit: (time) => `${many(Math.round(time))} ms`, value, legend: true, max: Math.max(end, run.milliseconds) });
  },
  bytes() {
    // Round figures of bytes are powers of two.
    const most = Math.max(1, ...run.methods.map((method) => method.bytes));
    return methods("bytes", "bytes of answers", bytes, 2 ** Math.floor(Math.log2(most) - 1));
  },
  requests: () => methods("requests", "requests", many),
  gas: () => blocks("gas", "gas", many, (gas) => (gas === 0 ? "0" : `${many(gas / 1e6)} M`)),
  execution: () => blocks("execution", "execution, ms", milliseconds, many),
};

const methods = (figure, title, value, step) => {
  const sorted = [...run.methods].sort((a, b) => b[figure] - a[figure]);
  const data = sorted.map((method) => method[figure]);
  const backgroundColor = sorted.map(({ source }) => colour(source));
  const labels = sorted.map(({ source, method }) => `${source} ${method}`);
  return bars({ labels, datasets: [{ data, backgroundColor }], horizontal: true, title, unit: value, value, step });
};

const blocks = (figure, title, value, unit) => {
  const { by, groups } = run.bars;
  const data = groups.map((group) => group[figure]);
  const what = by > 1 ? `${title}, ${by} blocks a bar` : `${title} by block`;
  const backgroundColor = colour(figure === "gas" ? "other" : "execution");
  return bars({ labels: groups.map(name), datasets: [{ data, backgroundColor }], horizontal: false, title: what, unit, value });
};

let drawn = [];
const draw = () => {
  drawn.forEach((chart) => chart.destroy());
  Object.assign(Chart.defaults, { color: colour("muted"), borderColor: colour("rule") });
  Object.assign(Chart.defaults.font, { family: getComputedStyle(document.body).fontFamily, size: 11 });
  const places = document.querySelectorAll("canvas[data-chart]");
  drawn = [...places].map((canvas) => new Chart(canvas, charts[canvas.dataset.chart]()));
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
