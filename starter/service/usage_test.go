package service_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

var tokens = usagecsv.Mapping{
	Time: "TIMESTAMP", Meters: []usagecsv.MeterColumn{{Meter: "input_tokens", Column: "ContextTokens"}, {Meter: "output_tokens", Column: "GeneratedTokens"}},
}

// TestRealTraceIsBilledToTheCent imports 8,819 requests of a real language model service (Azure Public Dataset,
// AzureLLMInferenceTrace_code, 2023; Patel et al., Splitwise, ISCA 2024; CC-BY 4.0), which are not part of the repository.
func TestRealTraceIsBilledToTheCent(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "shared", "data", "llm-usage-code.csv")
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the real usage trace is not here (%s)", path)
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()

	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-api", StartAt: time.Date(2023, 11, 1, 12, 0, 0, 0, time.UTC)})
	for round, want := range []struct{ fresh, known int64 }{{2 * 8819, 0}, {0, 2 * 8819}} {
		_, err := file.Seek(0, 0)
		require.NoError(t, err)
		summary, err := running.Service.ImportUsage(t.Context(), id+"-c", file, tokens, usagecsv.Options{})
		require.NoError(t, err)
		require.Equal(t, 8819, summary.Accepted, round)
		require.Zero(t, summary.Rejected, round)
		require.Equal(t, want.fresh, summary.New, round)
		require.Equal(t, want.known, summary.AlreadyKnown, round)
		require.Equal(t, "18059974", summary.Totals[0].Quantity.String(), round)
		require.Equal(t, "245896", summary.Totals[1].Quantity.String(), round)
	}
	run, err := running.Service.StartInvoiceRun(t.Context(), id, "2023-11", true)
	require.NoError(t, err)
	require.Equal(t, "completed", run.Status)
	require.Equal(t, 1, run.Invoiced)
	invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: id + "-c"})
	require.NoError(t, err)
	require.Len(t, invoices.Data, 1)
	invoice, err := running.Service.Invoice(t.Context(), invoices.Data[0].ID)
	require.NoError(t, err)
	require.EqualValues(t, 5787, invoice.Total)
	require.EqualValues(t, 5418, invoice.Lines[0].Amount)
	require.EqualValues(t, 369, invoice.Lines[1].Amount)
}

func TestImportOnATestClock(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock = id + "-clock"
	running.Customer(t, in)
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-api"})
	_, err := running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 0, 20), nil)
	require.NoError(t, err)

	year := start.Year()
	file := fmt.Sprintf("When,Id,In\n%[1]d-01-10 10:00:00,a,1000000\n%[1]d-01-10 10:00:00,a,1000000\n%[1]d-01-10 11:00:00,a,5\n"+
		"%[1]d-01-11 10:00:00,b,1000000\n%[1]d-02-11 10:00:00,c,7\nyesterday,d,7\n%[1]d-01-12 10:00:00,e,-1\n", year)
	mapping := usagecsv.Mapping{Time: "When", ID: "Id", Meters: []usagecsv.MeterColumn{{Meter: "input_tokens", Column: "In"}}}
	first, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(file), mapping, usagecsv.Options{})
	require.NoError(t, err)
	require.Equal(t, 7, first.Rows)
	require.Equal(t, 3, first.Accepted)
	require.Equal(t, 1, first.Duplicates)
	require.Equal(t, 4, first.Rejected)
	require.EqualValues(t, 2, first.New)
	require.Equal(t, "2000000", first.Totals[0].Quantity.String())
	lines := make([]int, len(first.RejectedLines))
	for i, rejected := range first.RejectedLines {
		lines[i] = rejected.Line
	}
	require.Equal(t, []int{4, 6, 7, 8}, lines)
	require.Equal(t, "When", first.RejectedLines[1].Field, "usage of next month")

	second, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(file), mapping, usagecsv.Options{})
	require.NoError(t, err)
	require.EqualValues(t, 0, second.New)
	require.EqualValues(t, 2, second.AlreadyKnown)

	// The same id through the API is the same event, and with other content a conflict.
	at := time.Date(year, 1, 10, 10, 0, 0, 0, time.UTC)
	result, err := running.Service.AddUsage(t.Context(), service.UsageBatch{Customer: id + "-c", Events: []service.UsageEvent{
		{ID: "a", Meter: "input_tokens", Quantity: "1000000.0", At: at}, {ID: "a", Meter: "input_tokens", Quantity: "1000000", At: at}, {ID: "b", Meter: "input_tokens", Quantity: "2", At: at},
	}})
	require.NoError(t, err)
	require.EqualValues(t, 2, result.AlreadyKnown)
	require.Len(t, result.Conflicting, 1)
	require.Equal(t, "b", result.Conflicting[0].ID)
	again, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(strings.Replace(file, "b,1000000", "b,3", 1)), mapping, usagecsv.Options{})
	require.NoError(t, err)
	require.Equal(t, 5, again.Rejected)
	require.Contains(t, again.RejectedLines[1].Reason, "stored before with 1000000 input_tokens")

	// The clock bills the month by itself when it is over.
	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 1, 2), nil)
	require.NoError(t, err)
	invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: id + "-c"})
	require.NoError(t, err)
	require.Len(t, invoices.Data, 1)
	require.EqualValues(t, 600, invoices.Data[0].Total)
	run, err := running.Service.InvoiceRun(t.Context(), id, fmt.Sprintf("%d-01", year))
	require.NoError(t, err)
	require.Equal(t, "completed", run.Status)
}

func TestAFileThatBreaksOffKeepsWhatCameBefore(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	const header, row, last = "TIMESTAMP,ContextTokens,GeneratedTokens\n", "2026-01-10 10:00:00,1,1\n", "2026-01-10 11:00:00,1,1\n"
	broken := header + strings.Repeat(row, 5) + "\"" + strings.Repeat("x\n", 1<<20) + last
	few := usagecsv.Options{BatchSize: 4, MaxRejected: -1}
	stored, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(broken), tokens, few)
	requireKind(t, err, service.Unfinished, "file_broken")
	require.ErrorContains(t, err, "closing quote")
	require.EqualValues(t, 8, stored.New)

	mended, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(header+strings.Repeat(row, 5)+"x\n"+last), tokens, few)
	require.NoError(t, err)
	require.EqualValues(t, 8, mended.AlreadyKnown)
	require.EqualValues(t, 4, mended.New)
	require.Len(t, mended.RejectedLines, 1)
}

func TestFilesThatAreNoUsage(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	before := running.Rows(t)
	for name, file := range map[string]string{
		"is empty": "", "header but no rows": "TIMESTAMP,ContextTokens,GeneratedTokens\n", "no column": "A,B\n1,2\n", "UTF-16": "\xff\xfeT\x00",
	} {
		_, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(file), tokens, usagecsv.Options{})
		require.ErrorContains(t, err, name)
		requireKind(t, err, service.Invalid, "invalid_fields")
	}
	unknown := usagecsv.Mapping{Time: "T", Meters: []usagecsv.MeterColumn{{Meter: "gpu_hours", Column: "G"}}}
	_, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader("T,G\n"), unknown, usagecsv.Options{})
	requireKind(t, err, service.Invalid, "invalid_fields")
	require.ErrorContains(t, err, "input_tokens, output_tokens")
	require.Equal(t, before, running.Rows(t))
}
