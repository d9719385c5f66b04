package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// markdown is the figures as docs/performance.md shows them: a table for everything with four columns and one for what has no way of posting.
func (f *figures) markdown() string {
	var b strings.Builder
	posts := []string{"SQLite, HTTP", "SQLite, socket", "Postgres, HTTP", "Postgres, socket"}
	rest := []string{"SQLite", "Postgres"}
	for _, columns := range [][]string{posts, rest} {
		rows := slices.DeleteFunc(slices.Clone(f.Rows), func(r *row) bool {
			return !slices.ContainsFunc(columns, func(c string) bool { _, has := r.Cells[c]; return has })
		})
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| | bar | %s |\n|---|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
		for _, r := range rows {
			fmt.Fprintf(&b, "| %s | %s |", r.Name, r.Bar)
			for _, c := range columns {
				fmt.Fprintf(&b, " %s |", r.Cells[c].mark())
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	f.writeGrowth(&b)
	return b.String()
}

// mark is the text of a cell.
func (c cell) mark() string {
	switch {
	case c.Text == "":
		return "–"
	case len(c.Faults) > 0:
		return c.Text + " NOT CLEAN"
	}
	return c.Text
}

func (f *figures) writeGrowth(b *strings.Builder) {
	if len(f.Growth) == 0 {
		return
	}
	b.WriteString("| rooms | connections | processor time of a post with its 20 deliveries | of a delivery | received, p99 |\n|---|---|---|---|---|\n")
	for _, g := range f.Growth {
		fmt.Fprintf(b, "| %s | %s | %.0f µs | %.1f µs | %.1f ms |\n", thousands(float64(g.Rooms)), thousands(float64(g.Connections)), g.PerPost, g.PerDelivery, g.P99)
	}
	for _, axis := range []string{alongRooms, alongConnections} {
		first, last := f.ends(axis)
		fmt.Fprintf(b, "\nFrom %s to %s %s a post costs %.2f times as much.", thousands(float64(first.x())), thousands(float64(last.x())), axis, per(last.PerPost, first.PerPost))
	}
	b.WriteString("\n")
}

// ends are the smallest and the largest point along an axis.
func (f *figures) ends(axis string) (first, last growth) {
	along := slices.DeleteFunc(slices.Clone(f.Growth), func(g growth) bool { return g.Axis != axis })
	if len(along) == 0 {
		return first, last
	}
	return along[0], along[len(along)-1]
}

// thousands writes a whole number with commas.
func thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// The plot's frame: one picture for both axes, since both count from tens to thousands.
const (
	plotWidth, plotHeight = 640, 300
	plotLeft, plotRight   = 64, 36
	plotTop, plotBottom   = 44, 52
	plotDecades           = 3 // from 10 to 10,000
)

// plot draws the processor time of a post over the number of rooms and of connections. Its colours follow the reader's light or dark.
func (f *figures) plot() []byte {
	highest := 0.0
	for _, g := range f.Growth {
		highest = max(highest, g.PerPost)
	}
	step := 200.0
	for highest > 5*step {
		step *= 2
	}
	top := step * math.Ceil(highest*1.1/step)
	x := func(n int) float64 {
		return plotLeft + (math.Log10(float64(n))-1)/plotDecades*(plotWidth-plotLeft-plotRight)
	}
	y := func(us float64) float64 { return plotHeight - plotBottom - us/top*(plotHeight-plotTop-plotBottom) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Processor time of a post over the number of rooms and connections">
<style>
svg { background: #fff; font: 13px system-ui, sans-serif } text { fill: #333 } .grid { stroke: #ddd } .rooms { stroke: #2f6f4f; fill: #2f6f4f } .connections { stroke: #b4552d; fill: #b4552d }
@media (prefers-color-scheme: dark) { svg { background: #16181c } text { fill: #ccc } .grid { stroke: #363a42 } .rooms { stroke: #6cc494; fill: #6cc494 } .connections { stroke: #ee9870; fill: #ee9870 } }
polyline.rooms, polyline.connections { fill: none; stroke-width: 2 } text.rooms, text.connections { stroke: none; font-weight: 600 }
</style>
<text x="16" y="22">µs of the server's processor time for a post and its 20 deliveries</text>
`, plotWidth, plotHeight)
	for us := 0.0; us <= top; us += step {
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			plotLeft, plotWidth-plotRight, y(us), y(us), plotLeft-8, y(us)+4, thousands(us))
	}
	for _, n := range []int{10, 100, 1000, 10_000} {
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(n), plotHeight-plotBottom+20, thousands(float64(n)))
	}
	names := map[string]string{alongRooms: "rooms, with 1,000 connections", alongConnections: "connections, in rooms of 20"}
	for i, axis := range slices.Sorted(maps.Keys(names)) {
		var line strings.Builder
		for _, g := range f.Growth {
			if g.Axis == axis {
				fmt.Fprintf(&line, "%.1f,%.1f ", x(g.x()), y(g.PerPost))
				fmt.Fprintf(&b, "<circle class=%q cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", axis, x(g.x()), y(g.PerPost))
			}
		}
		fmt.Fprintf(&b, "<polyline class=%q points=%q/>\n<text class=%q x=\"%d\" y=\"%d\">%s</text>\n",
			axis, strings.TrimSpace(line.String()), axis, plotLeft+i*280, plotHeight-10, names[axis])
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
