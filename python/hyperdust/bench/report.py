"""What a reader gets: a text table, JSON with every round, a Markdown fragment, a picture. All from the same dictionary, so that a
number in a document can be traced to the run that made it; `--from` reports a run again without measuring.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hyperdust.bench.contestants import KINDS, SHOWN

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
COLUMNS = ("scene", "integrator", "policy", "who", "lanes", "threads", "env-steps/s", "physics-steps/s", "hyperdust is", "KiB per lane")
COLOURS = {"hyperdust": "#d1495b", "envpool": "#30638e", "sync": "#8d99ae", "async": "#c3c9d4", "rollout": "#003d5b"}
LABELS = {
    "hyperdust": "HyperDust",
    "envpool": "EnvPool",
    "sync": "SyncVectorEnv (8 lanes)",
    "async": "AsyncVectorEnv (8 lanes)",
    "rollout": "mujoco.rollout (physics only)",
}


def cells(row: dict[str, Any]) -> list[str]:
    """One row of the table."""
    memory, threads = row["memory_per_lane_bytes"], str(row["threads"])
    return [
        row["scene"],
        row["integrator"],
        row["policy"],
        row["who"],
        str(row["lanes"]),
        f"{threads} processes" if row["who"] == "async" else threads,
        f"{row['steps_per_second']:,.0f}",
        f"{row['physics_steps_per_second']:,.0f}",
        "" if row["ratio"] is None else f"{row['ratio']:.3g} x",
        "?" if memory is None else f"{memory / 1024:,.1f}",
    ]


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups as they were measured, hyperdust first in each."""
    groups = list(dict.fromkeys((row["scene"], row["integrator"], row["policy"]) for row in rows))
    return sorted(rows, key=lambda row: (groups.index((row["scene"], row["integrator"], row["policy"])), SHOWN.index(row["who"])))


def split_cells(split: dict[str, Any]) -> list[str]:
    parts = split["parts_us"]
    numbers = [split["loops_us"]["as_it_is"], *(parts[name] for name in ("physics", "sensing_reward_observation", "batch", "python"))]
    return [split["scene"], *(f"{number:.2f}" for number in numbers), f"{split['share_outside_physics']:.0%}"]


SPLIT_COLUMNS = ("scene", "step", "physics", "sensing, reward, observation", "batch", "Python", "outside physics")


def footnotes(report: dict[str, Any]) -> list[str]:
    """What a reader of the table must know."""
    present = {row["who"] for row in report["rows"]}
    settings = report["settings"]
    notes = [f"{who}: {KINDS[who].note}" for who in SHOWN if who in present]
    return [
        f"Medians of {settings['rounds']} rounds of {settings['seconds']:g} s, contestants in turn. {report['equal']}",
        *notes,
        *report["left_out"],
    ]


def _grid(head: tuple[str, ...], rows: list[list[str]], left: int) -> list[str]:
    widths = [max(len(line[index]) for line in [list(head), *rows]) for index in range(len(head))]
    lines = []
    for line in [list(head), ["-" * width for width in widths], *rows]:
        padded = (text.ljust(width) if i < left else text.rjust(width) for i, (text, width) in enumerate(zip(line, widths, strict=True)))
        lines.append("  ".join(padded))
    return lines


def text(report: dict[str, Any]) -> str:
    """The table and its footer, for a terminal."""
    lines = _grid(COLUMNS, [cells(row) for row in ordered(report["rows"])], 4)
    lines += ["", *footnotes(report)]
    if report["split"]:
        lines += ["", "One step of hyperdust by subtraction, microseconds per lane on one thread:"]
        lines += _grid(SPLIT_COLUMNS, [split_cells(split) for split in report["split"]], 1)
    return "\n".join(lines)


def fragment(report: dict[str, Any]) -> str:
    """The same as Markdown, with the machine and the versions."""
    machine = report["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())

    def table(head: tuple[str, ...], rows: list[list[str]], left: int) -> list[str]:
        rule = ["---" if index < left else "---:" for index in range(len(head))]
        return ["| " + " | ".join(line) + " |" for line in [list(head), rule, *rows]]

    changed = ", with changes" if machine["uncommitted_changes"] else ""
    lines = [
        f"{machine['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}, {packages}; commit {machine['commit'][:12]}{changed}; load before: {machine['load_before']}. "
        f"Made by `{report['made_by']}`.",
        "",
        *table(COLUMNS, [cells(row) for row in ordered(report["rows"])], 4),
        "",
        *(f"- {note}" for note in footnotes(report)),
    ]
    if report["split"]:
        lines += ["", "One step of ours by subtraction, µs per lane on one thread, `full` policy:", ""]
        lines += table(SPLIT_COLUMNS, [split_cells(split) for split in report["split"]], 1)
    return "\n".join(lines)


def write_markdown(path: Path, report: dict[str, Any]) -> None:
    """Replaces what stands between the two markers in `path`, and nothing else."""
    old = path.read_text(encoding="utf-8")
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise ValueError(f"{path} must have one line {BEGIN} and after it one line {END}")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{fragment(report)}\n{END}{after}", encoding="utf-8")


def write_json(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")


def write_png(path: Path, report: dict[str, Any]) -> None:
    """Steps per second by scene on a logarithmic axis, original integrator; the labels are hyperdust / peer."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullLocator

    original = [row for row in report["rows"] if not row["euler_on_both_sides"]]
    if not original:
        raise ValueError("the picture shows the original integrators, and none was measured")
    policy = next(name for name in ("full", "gentle", "zero") if any(row["policy"] == name for row in original))
    rows = [row for row in original if row["policy"] == policy]
    scenes = list(dict.fromkeys(row["scene"] for row in rows))
    shown = [who for who in SHOWN if any(row["who"] == who for row in rows)]
    found = {(row["scene"], row["who"]): row for row in rows}
    figure, axes = plt.subplots(figsize=(max(7.0, 2.0 * len(scenes)), 5.2), layout="constrained")
    legend = {}
    for place, scene in enumerate(scenes):
        present = [who for who in shown if (scene, who) in found]
        width = 0.84 / len(shown)
        for index, who in enumerate(present):
            row = found[scene, who]
            x = place + (index - (len(present) - 1) / 2) * width
            legend[who] = axes.bar(x, row["steps_per_second"], 0.92 * width, color=COLOURS[who], zorder=2)
            label = _short(row["steps_per_second"]) if row["ratio"] is None else _times(row["ratio"])
            style = {"fontweight": "bold", "color": COLOURS[who]} if who == "hyperdust" else {"color": "#333333"}
            at = (x, row["steps_per_second"])
            axes.annotate(label, at, (0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=8, **style)
    names = {row["scene"]: row["integrator"] for row in rows}
    axes.set_xticks(range(len(scenes)), [scene if names[scene] == "-" else f"{scene}\n{names[scene]}" for scene in scenes])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(scenes) - 0.4)
    rates = [row["steps_per_second"] for row in rows]
    axes.set_yscale("log")
    axes.set_ylim(min(rates) / 2, max(rates) * 2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel("environment steps per second")
    axes.grid(axis="y", color="#e2e2e2", linewidth=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    machine, settings = report["machine"], report["settings"]
    axes.set_title(
        f"{settings['lanes']} lanes on {settings['threads']} threads of {machine['cpu']}, {machine['date']}\n"
        f"policy \"{policy}\"; ×n: HyperDust is n times as fast as that bar; medians of {settings['rounds']} rounds",
        fontsize=9, loc="left", color="#333333",
    )
    keys = [who for who in shown if who in legend]
    bars, labels = [legend[who] for who in keys], [LABELS[who] for who in keys]
    figure.legend(bars, labels, loc="outside lower center", ncols=len(keys), frameon=False, fontsize=8.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _times(ratio: float) -> str:
    return f"×{ratio:.1f}" if ratio < 9.95 else f"×{ratio:.0f}"


def _short(number: float) -> str:
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{suffix}"
    return f"{number:.3g}"
