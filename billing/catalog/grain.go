package catalog

// Grain is how finely a plan prorates a change inside a billing period.
type Grain string

// Grains of proration. What each counts is in package proration.
const (
	GrainDay          Grain = "day"           // civil days in the customer's zone, the day of an end not counted
	GrainDayInclusive Grain = "day_inclusive" // the same, but the day on which service ends for good, or is paused, is paid
	GrainMonth30      Grain = "month_30"      // days of months of 30
	GrainSecond       Grain = "second"        // elapsed seconds
	GrainNone         Grain = "none"          // what is in force when the period starts is billed whole
)

var grains = []Grain{GrainDay, GrainDayInclusive, GrainMonth30, GrainSecond, GrainNone}

// GrainNames lists the grains as errors do.
func GrainNames() string { return listed(grains) }

// CreditPolicy is what becomes of time that was paid for in advance and is not used.
type CreditPolicy string

// Policies of credit. The default is CreditUnused, as at Stripe and Lago.
const (
	// CreditUnused credits it: a change to cheaper terms, and a pause, leave the customer with credit, and so does an
	// immediate cancellation if it is asked to.
	CreditUnused CreditPolicy = "unused"
	// CreditNone keeps it: what was paid counts towards the terms that take its place, and never more than they cost. A
	// change to cheaper terms, a pause and a cancellation give nothing back.
	CreditNone CreditPolicy = "none"
)

// KeepsPaid says that what was paid for the plan is not given back.
func (p Plan) KeepsPaid() bool { return p.Credits == CreditNone }
