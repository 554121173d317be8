package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/starter/proof"
)

// report is the outcome of a run.
type report struct {
	Holds         bool           `json:"holds"`
	Seed          uint64         `json:"seed"`
	Subscriptions int            `json:"subscriptions"`
	Periods       int            `json:"periods"`
	Seconds       float64        `json:"seconds"`
	Disturbed     float64        `json:"disturbed_seconds"` // without starting everything and without the checks
	Billed        billed         `json:"billed"`
	Kills         []summary      `json:"kills"`
	Faults        faultCounts    `json:"faults"`
	Webhooks      postCounts     `json:"webhooks"`
	Requests      askCounts      `json:"requests"`
	Refusals      map[string]int `json:"refusals"`
	Mail          map[string]int `json:"mail"`
	// Interruptions is how often the clocks' program was interrupted and went on.
	Interruptions int           `json:"clock_interruptions"`
	Claims        []claim       `json:"claims"`
	Proofs        []proof.Proof `json:"proofs"`
	Again         string        `json:"again"`
}

type billed struct {
	Periods  int `json:"periods"`
	Invoices int `json:"invoices"`
	Charges  int `json:"charges"`
	Declined int `json:"declined"`
}

type faultCounts struct {
	Calls  int            `json:"calls"`
	Faults int            `json:"faults"`
	Kinds  map[string]int `json:"kinds"`
}

// report draws the balance.
func (c *chaos) report(ctx context.Context) (report, error) {
	disturbed := time.Since(c.began).Seconds()
	b, err := c.read(ctx)
	if err != nil {
		return report{}, err
	}
	proofs, err := proof.Run(ctx, c.house.system.Store, c.saboteur.url)
	if err != nil {
		return report{}, err
	}
	o := c.options
	r := report{
		Seed: o.seed, Subscriptions: o.subscriptions, Periods: o.periods, Disturbed: disturbed, Again: o.again(),
		Webhooks: c.house.mail.total(), Requests: c.clients.total(), Refusals: c.clients.refused, Mail: b.mailFates(), Proofs: proofs.Proofs,
		Claims: b.claims(c.house, o, c.clients.promises, c.clients.wrong), Interruptions: c.tracker.interrupt,
	}
	r.Billed = billed{Periods: len(b.cycles), Invoices: len(b.invoices), Charges: len(b.theirs.Charges)}
	for _, charge := range b.theirs.Charges {
		if charge.Status == "failed" {
			r.Billed.Declined++
		}
	}
	r.Faults.Calls, r.Faults.Faults = c.saboteur.total()
	r.Faults.Kinds = map[string]int{}
	for kind, n := range c.saboteur.kinds {
		r.Faults.Kinds[string(kind)] = n
	}
	r.Claims = append(r.Claims, c.killed())
	for _, h := range c.hunters {
		r.Kills = append(r.Kills, h.summary())
	}
	r.Holds = proofs.Holds() && !slices.ContainsFunc(r.Claims, func(c claim) bool { return c.FaultCount > 0 })
	r.Seconds = time.Since(c.began).Seconds()
	return r, nil
}

// killed checks that the run did what it set out to do: a proof by kills that did not happen would be none.
func (c *chaos) killed() claim {
	k := claim{Claim: "Everything was killed as often as planned, and nothing ended by itself", Unit: "kills"}
	for _, h := range c.hunters {
		s := h.summary()
		k.Checked += s.Kills
		if s.Kills != c.options.kills {
			k.fault("%s was killed %d times of %d", h.kind, s.Kills, c.options.kills)
		}
		if s.ByItself > 0 {
			k.fault("%s ended by itself %d times: see programs.log in the data directory", h.kind, s.ByItself)
		}
	}
	return k
}

// line is the progress in one line.
func (c *chaos) line() string {
	var parts []string
	for _, m := range markets {
		if now := c.tracker.at(m.id); !now.IsZero() {
			parts = append(parts, m.id+" "+now.Format("2006-01-02"))
		}
	}
	var kills []string
	for _, h := range c.hunters {
		kills = append(kills, fmt.Sprintf("%s %d", h.kind, h.kills()))
	}
	calls, faults := c.saboteur.total()
	requests := c.clients.total()
	return fmt.Sprintf("%4.0fs  %s  %d of %d periods | killed: %s | %d of %d calls failed | %d requests, %d accepted",
		time.Since(c.began).Seconds(), strings.Join(parts, ", "), c.tracker.count(), c.tracker.expected,
		strings.Join(kills, ", "), faults, calls, requests.Requests, requests.Accepted)
}

func (r report) print(o options) error {
	if o.json {
		encoder := json.NewEncoder(o.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	r.text(o.out)
	return nil
}

func (r report) text(w io.Writer) {
	fmt.Fprintf(w, "\n%d subscriptions, %d periods each, seed %d: %.0f s, %.0f s of them disturbed\n",
		r.Subscriptions, r.Periods, r.Seed, r.Seconds, r.Disturbed)
	fmt.Fprintf(w, "  billed    %d periods, %d invoices, %d charges of which %d were declined\n",
		r.Billed.Periods, r.Billed.Invoices, r.Billed.Charges, r.Billed.Declined)
	fmt.Fprintf(w, "  provider  %d of %d calls were made to fail\n", r.Faults.Faults, r.Faults.Calls)
	fmt.Fprintf(w, "  webhooks  %d, of which %d came twice and %d late and out of order; %d deliveries found nobody\n",
		r.Webhooks.Events, r.Webhooks.Duplicated, r.Webhooks.Delayed, r.Webhooks.Again)
	fmt.Fprintf(w, "  API       %d requests: %d accepted, %d refused; sent again %d times; the slowest was answered after %.1f s\n",
		r.Requests.Requests, r.Requests.Accepted, r.Requests.Refused, r.Requests.Again, float64(r.Requests.Slowest)/1000)
	fmt.Fprintf(w, "  mail      %d sent, %d uncertain, %d refused, %d on their way\n",
		r.Mail["sent"], r.Mail["uncertain"], r.Mail["refused"], r.Mail["sending"]+r.Mail["pending"])
	fmt.Fprintf(w, "\n%-10s %5s  %-22s %-22s %-22s\n", "killed", "times", "process back", "new request answered", "requests in hand done")
	for _, k := range r.Kills {
		fmt.Fprintf(w, "%-10s %5d  %-22s %-22s %-22s\n", k.Kind, k.Kills, k.Back, k.Answered, k.InHand)
	}
	fmt.Fprintln(w, "           (median and longest, from the moment of the kill)")
	fmt.Fprintln(w)
	for _, c := range r.Claims {
		verdict(w, c.Claim, c.Checked, c.Unit, c.FaultCount, c.Faults)
	}
	for _, p := range r.Proofs {
		verdict(w, p.Claim, p.Checked, p.Unit, p.FaultCount, p.Faults)
	}
}

func (s spread) String() string {
	if s.Count == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f s, %.1f s", float64(s.Median)/1000, float64(s.Max)/1000)
}

func verdict(w io.Writer, what string, checked int, unit string, faults int, examples []string) {
	if faults == 0 {
		fmt.Fprintf(w, "holds  %s (%d %s)\n", what, checked, unit)
		return
	}
	fmt.Fprintf(w, "FAILS  %s: %d faults in %d %s\n", what, faults, checked, unit)
	for _, example := range examples {
		fmt.Fprintf(w, "       - %s\n", example)
	}
}
