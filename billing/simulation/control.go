package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
)

// mostDifferences is how many invoices the control tells of; it counts them all.
const mostDifferences = 20

// check holds what was made again against what was issued.
func (c *Control) check(subscriptionID string, all []Issued, again []made) {
	for _, issued := range all {
		c.Invoices++
		c.Lines += len(issued.Lines)
		at := slices.IndexFunc(again, func(m made) bool { return m.Key == issued.Key })
		if at < 0 {
			c.differs(subscriptionID, issued.Number, "is not made again")
			continue
		}
		lines := linesOf(again[at].Invoice.Invoice)
		if slices.EqualFunc(issued.Lines, lines, Line.same) && issued.CustomerID == again[at].customer {
			continue
		}
		if issued.CustomerID != again[at].customer {
			c.differs(subscriptionID, issued.Number, fmt.Sprintf("was issued to %s, made again for %s", issued.CustomerID, again[at].customer))
			continue
		}
		if only, extra := apart(issued.Lines, lines); len(only)+len(extra) > 0 {
			c.differs(subscriptionID, issued.Number, fmt.Sprintf("issued [%s], made again [%s]", strings.Join(only, "; "), strings.Join(extra, "; ")))
		}
	}
	for _, m := range again {
		if !slices.ContainsFunc(all, func(i Issued) bool { return i.Key == m.Key }) {
			c.differs(subscriptionID, m.Key, "is made now and was not issued")
		}
	}
}

func (c *Control) differs(subscriptionID, invoice, message string) {
	c.Differ++
	if len(c.Differences) < mostDifferences {
		c.Differences = append(c.Differences, Difference{SubscriptionID: subscriptionID, Invoice: invoice, Message: message})
	}
}

func linesOf(invoice invoicing.Invoice) []Line {
	lines := make([]Line, len(invoice.Lines))
	for i, l := range invoice.Lines {
		late, err := decimal.NewFromString(l.Explanation.Late)
		if err != nil { // none
			late = decimal.Zero
		}
		lines[i] = Line{
			Kind: l.Kind, PlanID: l.PlanID, PlanVersion: l.PlanVersion, ChargeID: l.ChargeID, Quantity: l.Quantity, Late: late,
			Amount: l.Amount, Period: l.Period,
		}
	}
	return lines
}

// same says that lines are equal, at the precision at which the database keeps time.
func (l Line) same(other Line) bool {
	return l.Kind == other.Kind && l.PlanID == other.PlanID && l.PlanVersion == other.PlanVersion && l.ChargeID == other.ChargeID &&
		l.Quantity.Equal(other.Quantity) && l.Late.Equal(other.Late) && l.Amount == other.Amount &&
		kept(l.Period.Start).Equal(kept(other.Period.Start)) && kept(l.Period.End).Equal(kept(other.Period.End))
}

func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// apart returns the lines that only one side has. Their order does not count.
func apart(a, b []Line) (onlyA, onlyB []string) {
	onlyA = texts(a)
	for _, text := range texts(b) {
		if at := slices.Index(onlyA, text); at >= 0 {
			onlyA = slices.Delete(onlyA, at, at+1)
			continue
		}
		onlyB = append(onlyB, text)
	}
	return onlyA, onlyB
}

func texts(lines []Line) []string {
	list := make([]string, len(lines))
	for i, l := range lines {
		list[i] = fmt.Sprintf("%s %s/%d/%s × %s (late %s) = %s for %s to %s", l.Kind, l.PlanID, l.PlanVersion, l.ChargeID, l.Quantity, l.Late,
			l.Amount, kept(l.Period.Start).Format(time.RFC3339Nano), kept(l.Period.End).Format(time.RFC3339Nano))
	}
	return list
}
