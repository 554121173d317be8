package demo

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
)

// progress shows where the year is: a line per month, and what is being waited for when something takes long.
type progress struct {
	out io.Writer
	db  *store.Store
	end time.Time

	mu      sync.Mutex
	shown   string
	waiting time.Time // when a line about waiting was last written
}

// waitingLines is the pause between two lines about waiting: when a worker dies, everybody waits.
const waitingLines = 5 * time.Second

func (p *progress) tell(ctx context.Context, now time.Time, waitingFor string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waitingFor != "" {
		if time.Since(p.waiting) < waitingLines {
			return
		}
		p.waiting = time.Now()
		fmt.Fprintf(p.out, "%s  waiting for %s\n", now.Format("2006-01-02 15:04"), waitingFor)
		return
	}
	month := now.Format("January 2006")
	if month == p.shown {
		return
	}
	p.shown = month
	fmt.Fprintf(p.out, "%-15s %s\n", month, p.figures(ctx))
}

// figures are a line's worth of the books; a failure to read them only costs the line.
func (p *progress) figures(ctx context.Context) string {
	invoices, err := p.db.InvoiceCounts(ctx)
	if err != nil {
		return ""
	}
	subscriptions, err := p.db.SubscriptionCounts(ctx)
	if err != nil {
		return ""
	}
	live, issued, open := 0, 0, 0
	for _, c := range subscriptions {
		if c.Status != "canceled" {
			live += c.Count
		}
	}
	for _, c := range invoices {
		issued += c.Count
		if c.Status == "open" {
			open += c.Count
		}
	}
	return fmt.Sprintf("%4d subscriptions %5d invoices %4d open", live, issued, open)
}
