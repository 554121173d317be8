package service

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/starter/ecb"
)

// RateImport says what became of a file of exchange rates. New + AlreadyKnown = Rates.
type RateImport struct {
	// Days are those whose rates were understood.
	Days         int   `json:"days"`
	Rates        int   `json:"rates"`
	New          int64 `json:"new"`
	AlreadyKnown int64 `json:"already_known"`
	// Rejected counts the rejected lines, and rates that are on record with another value. The first are in RejectedLines.
	Rejected      int            `json:"rejected"`
	RejectedLines []ecb.Rejected `json:"rejected_lines"`
	First         calendar.Date  `json:"first,omitzero"`
	Last          calendar.Date  `json:"last,omitzero"`
	// Retired are currencies of the file that are no longer in use; their rates were left out.
	Retired []string `json:"retired_currencies,omitempty"`
}

const mostRejectedRates = 100

// ImportRates reads a file of the ECB's reference rates and stores what is new. Importing the same or a longer file again
// adds only what was missing. Lines that are wrong are rejected by their number while the others go in; a file that is none
// of the bank's is an error.
func (s *Service) ImportRates(ctx context.Context, r io.Reader) (RateImport, error) {
	done := RateImport{RejectedLines: []ecb.Rejected{}}
	var failed error
	read, err := ecb.Parse(r, func(batch []ecb.Rate) error {
		failed = s.storeRates(ctx, batch, &done)
		return failed
	})
	if failed != nil {
		return done, failed
	}
	if err != nil {
		return done, invalid("file", "%s", err)
	}
	done.Days, done.First, done.Last, done.Retired = read.Days, read.First, read.Last, read.Retired
	done.Rejected += read.RejectedDays
	done.RejectedLines = append(done.RejectedLines, read.Rejected...)
	slices.SortStableFunc(done.RejectedLines, func(a, b ecb.Rejected) int { return a.Line - b.Line })
	done.RejectedLines = done.RejectedLines[:min(len(done.RejectedLines), mostRejectedRates)]
	return done, nil
}

func (s *Service) storeRates(ctx context.Context, batch []ecb.Rate, done *RateImport) error {
	rates := make([]tax.Rate, len(batch))
	for i, r := range batch {
		rates[i] = r.Rate
	}
	added, conflicting, err := s.store.AddFXRates(ctx, rates)
	if err != nil {
		return err
	}
	done.Rates += len(batch) - len(conflicting)
	done.New += added
	done.AlreadyKnown += int64(len(batch)-len(conflicting)) - added
	done.Rejected += len(conflicting)
	for _, i := range conflicting[:min(len(conflicting), mostRejectedRates-min(len(done.RejectedLines), mostRejectedRates))] {
		done.RejectedLines = append(done.RejectedLines, ecb.Rejected{Line: batch[i].Line, Reason: fmt.Sprintf(
			"%s: %s is on record with another rate for %s: a published rate is never changed", rates[i].To, ecb.Source, rates[i].Date)})
	}
	return nil
}
