package message

import "time"

// InvoiceRunInput starts the monthly run of a legal entity. AsOf is the billing instant of the run: the month must be
// over for every customer by then.
type InvoiceRunInput struct {
	EntityID string    `json:"entity_id"`
	Period   string    `json:"period"`
	AsOf     time.Time `json:"as_of"`
	Shards   int       `json:"shards"`
	// Done counts the shards billed and handed over by earlier runs of this workflow.
	Done RunProgress `json:"done"`
}

// RunProgress answers ProgressQuery and is the result of the run.
type RunProgress struct {
	Due       int `json:"due"`
	Shards    int `json:"shards"`
	ShardDone int `json:"shards_done"`
	Invoiced  int `json:"invoiced"`
	Skipped   int `json:"skipped"`
}

// ProgressQuery is answered by InvoiceRun and TaxFiling.
const ProgressQuery = "progress"

// Shard is a part of a run.
type Shard struct {
	RunID string    `json:"run_id"`
	Shard int       `json:"shard"`
	AsOf  time.Time `json:"as_of"`
}

// ShardBilled is the outcome of a shard.
type ShardBilled struct {
	Invoiced int `json:"invoiced"`
	Skipped  int `json:"skipped"`
}

// Activities of the InvoiceRun workflow.
var (
	// PrepareRun writes down who is due, in shards. Repeating it changes nothing.
	PrepareRun = Activity[InvoiceRunInput, RunProgress]{"PrepareRun"}
	// BillShard makes the invoices of a shard, a transaction each, and resumes where it stopped.
	BillShard = Activity[Shard, ShardBilled]{"BillShard"}
	// CollectShard hands the shard's unpaid invoices to collection.
	CollectShard = Activity[Shard, None]{"CollectShard"}
	// CompleteRun proves that every member has an invoice or a reason, and closes the run.
	CompleteRun = Activity[Shard, RunProgress]{"CompleteRun"}
)
