# SPDX-License-Identifier: Apache-2.0
"""Draws the chart of one run or several, of one kind or of two, with gnuplot."""

import hashlib
import subprocess
from collections import namedtuple

from results import BASE, combined, number, peers_of

# A small picture: its title, the kind of run and the figure it shows; times span decades.
Panel = namedtuple("Panel", "title kind figure log", defaults=[False])

PANELS = [
    Panel("NOT\\\\_SERVING → key gone", "one", "NOT_SERVING to key gone", True),
    Panel("kill -9 of the service → key gone", "one", "killed to key gone", True),
    Panel("service back again → key present", "one", "started again to key present", True),
    Panel("start of the sidecar → key present", "one", "exec to key present", True),
    Panel("private memory (USS)", "one", "USS"),
    Panel("CPU", "one", "CPU"),
    Panel("payload to and from etcd per 10 s", "one", "etcd payload per 10 s"),
    Panel("own files and all that they load", "one", "own files and all that they load", True),
    Panel("{services} services: CPU", "many", "CPU"),
    Panel("{services} services: RSS", "many", "RSS"),
    Panel("{services} services: all flip → last key gone", "many",
          "all NOT_SERVING to key gone, the last"),
    Panel("{services} services: CPU of etcd", "many", "CPU of etcd"),
]  # fmt: skip

COLUMNS, WIDTH, HEIGHT, TOP = 3, 1260, 200, 50
GAP, BOTTOM = 80, 35  # between two lines, and below the last
OURS, BASES, OTHERS = "#1a6fb5", "#c8702a", "#9aa3ab"

HEAD = """\
set terminal {terminal}
set output '{output}'
set encoding utf8
set multiplot layout {lines},{columns} margins screen 0.11,0.97,{bottom:.3f},{top:.3f} \\
	spacing screen 0.14,{gap:.3f}
set label 2 "{{/:Bold svc-agent beside other sidecars}}: median (bar) and ninth tenth (line); shorter is better" \\
	at screen 0.01,{heading:.3f} left font ',14'
unset key
set border 1 linecolor rgb '#888888'
set xtics nomirror out textcolor rgb '#555555' font ',10'
set ytics nomirror scale 0 font ',11'
set grid xtics linecolor rgb '#dddddd'
set style fill solid 1.0 noborder
"""

PANEL = """\
$data << END
{data}
END
set xrange [1:2]
{scale}
set label 1 "{{/:Bold {title}}}, {unit}" at graph -0.33,1.12 left
set xrange [{left}:{right}]
set yrange [{count} - 0.4:-0.6]
set ytics ({names})
plot $data using ({left}):1:({left}):2:($1-0.36):($1+0.36):5 with boxxyerror linecolor rgb variable, \\
	$data using 2:1:($3-$2):(0) with vectors nohead linecolor rgb '#333333', \\
	$data using 3:1:4 with labels left offset 0.6,0 font ',11'
"""


def colour(peer):
    return OURS if peer.startswith("svc-agent") else BASES if peer.startswith(BASE) else OTHERS


def panel(each, run):
    """gnuplot's words for one small picture, or None where nobody has its figure."""
    found = [(peer, run.figures[peer, each.figure]) for peer in peers_of([run])
             if (peer, each.figure) in run.figures]  # fmt: skip
    if not found:
        return None
    ends = [max(figure.median, figure.p90) for _, figure in found]
    smallest = min(figure.median for _, figure in found)
    left = 10 ** _below(smallest) if each.log else 0
    # room on the right for the number that stands behind the longest bar
    right = left * (max(ends) / left) ** 1.35 if each.log else max(ends) * 1.3 or 1
    points = [f'{i} {figure.median:g} {max(figure.median, figure.p90):g} "{number(figure.median)}" {int(colour(peer)[1:], 16)}'
             for i, (peer, figure) in enumerate(found)]  # fmt: skip
    tics = "set logscale x; set xtics 10" if each.log else "unset logscale x; set xtics autofreq"
    return PANEL.format(
        data="\n".join(points), scale=tics, unit=found[0][1].unit, left=f"{left:g}", right=f"{right:g}",
        title=each.title.format(**run.about), count=len(found),
        names=", ".join(f"'{peer}' {i}" for i, (peer, _) in enumerate(found)),
    )  # fmt: skip


def _below(value):
    """The power of ten at or below a value, less a third so that its bar is seen."""
    power = 0
    while 10.0 ** power > value * 0.66:
        power -= 1
    while 10.0 ** (power + 1) <= value * 0.66:
        power += 1
    return power


def script(runs, output):
    """The whole of it."""
    kinds = {kind: combined([run for run in runs if run.about["kind"] == kind])
             for kind in {run.about["kind"] for run in runs}}  # fmt: skip
    panels = [panel(each, kinds[each.kind]) for each in PANELS if each.kind in kinds]
    panels = [each for each in panels if each is not None]
    lines = -(-len(panels) // COLUMNS)
    kind = "pngcairo" if output.suffix == ".png" else "svg"
    height = TOP + HEIGHT * lines
    size = f"{kind} size {WIDTH},{height} font 'DejaVu Sans,12' background rgb 'white'"
    head = HEAD.format(
        terminal=size, output=output, lines=lines, columns=COLUMNS, bottom=BOTTOM / height,
        top=1 - (TOP + GAP / 2) / height, gap=GAP / height, heading=1 - TOP / 2 / height,
    )  # fmt: skip
    return head + "unset label 2\n".join(panels) + "\nunset multiplot\n"


def mark(texts):
    """What the picture carries to tell of which figures it is."""
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
    return f"<!-- of the figures {digest} -->"


def draw(runs, output):
    subprocess.run(["gnuplot"], input=script(runs, output), text=True, check=True)
