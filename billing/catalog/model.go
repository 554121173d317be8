package catalog

import (
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Model is the formula of a price. The formulas are in package rating.
type Model string

// Pricing models.
const (
	Flat                Model = "flat"
	PerUnit             Model = "per_unit"
	Graduated           Model = "graduated"
	Volume              Model = "volume"
	Package             Model = "package"
	Stairstep           Model = "stairstep"            // the flat amount of the tier that the quantity falls in
	Percentage          Model = "percentage"           // of the amount that was moved, plus a fee per event
	GraduatedPercentage Model = "graduated_percentage" // graduated, each tier with its own percentage
	Dynamic             Model = "dynamic"              // the amounts that came with the events
	Matrix              Model = "matrix"               // a unit price for each combination of dimension values
)

// Models are all pricing models.
var Models = []Model{Flat, PerUnit, Graduated, Volume, Package, Stairstep, Percentage, GraduatedPercentage, Dynamic, Matrix}

// FreeRule says how the free units and the free events of a percentage go together.
type FreeRule string

// Free rules of a percentage.
const (
	// FreeSeparately, the default, takes free units from what the percentage is of, and free events from those that pay the fee.
	FreeSeparately FreeRule = "separately"
	// FreeEvents lets whole events go free, percentage and fee, until the free units or the free events are used up,
	// whichever comes first. The event that exceeds the free units pays its fee, and the percentage of the excess.
	FreeEvents FreeRule = "events"
)

// Price is a formula with its numbers, in major units of one currency. In JSON,
// numbers may be strings or numbers; either way they are read exactly. A number that is left out is zero, and zero means
// "none" for minimum, maximum and the like.
type Price struct {
	Model Model `json:"model" enum:"flat,per_unit,graduated,volume,package,stairstep,percentage,graduated_percentage,dynamic,matrix"`
	// UnitAmount is the price of a unit (per_unit) or of a package (package).
	UnitAmount decimal.Decimal `json:"unit_amount,omitzero"`
	// FlatAmount is the whole price of the flat model.
	FlatAmount decimal.Decimal `json:"flat_amount,omitzero"`
	// Tiers are for graduated, volume, stairstep and graduated_percentage.
	Tiers []Tier `json:"tiers,omitzero"`
	// PackageSize is the number of units in a package. In graduated and volume it makes the tiers' unit amounts prices of a
	// package.
	PackageSize decimal.Decimal `json:"package_size,omitzero"`
	// PackageRounding says what becomes of a package that was begun: money.Up, if left out, charges it whole, money.Down not
	// at all, and the halves decide by how much of it was used.
	PackageRounding money.Mode `json:"package_rounding,omitzero" enum:"half_up,half_even,up,down"`
	// PackagesAcrossTiers makes graduated count packages over all tiers: one that reaches over a bound is charged once, in
	// the tier in which it begins. By default each tier counts its own.
	PackagesAcrossTiers bool `json:"packages_across_tiers,omitzero"`
	// FreeUnits is the number of units before the first that is charged: the included quantity of per_unit, what comes
	// before the first package, the amount that percentage leaves free.
	FreeUnits decimal.Decimal `json:"free_units,omitzero"`
	// FlatAtZero charges the first tier's flat amount also when nothing was used.
	FlatAtZero bool `json:"flat_at_zero,omitzero"`
	// TierByProrated makes volume choose the tier by the prorated quantity, if one is given. By default it is the full one.
	TierByProrated bool `json:"tier_by_prorated,omitzero"`

	// Percent is the rate of percentage: 1.5 for 1.5 %.
	Percent decimal.Decimal `json:"percent,omitzero"`
	// EventAmount is the fee of percentage for each event.
	EventAmount decimal.Decimal `json:"event_amount,omitzero"`
	// EventMinimum and EventMaximum are the least and the most that percentage charges for an event, fee included.
	EventMinimum decimal.Decimal `json:"event_minimum,omitzero"`
	EventMaximum decimal.Decimal `json:"event_maximum,omitzero"`
	// FreeEvents is the number of events before the first that pays the fee.
	FreeEvents int64 `json:"free_events,omitzero"`
	// FreeRule is FreeSeparately if left out.
	FreeRule FreeRule `json:"free_rule,omitzero" enum:"separately,events"`

	// Multiplier of dynamic is what the events' amounts are multiplied by, 1 if left out: 1.2 for a markup of 20 %.
	Multiplier decimal.Decimal `json:"multiplier,omitzero"`

	// Dimensions of matrix name what the quantity is divided by, such as region and size.
	Dimensions []string `json:"dimensions,omitzero"`
	// Cells are the combinations that have a price of their own.
	Cells []Cell `json:"cells,omitzero"`
	// DefaultUnitAmount is the unit price of all other combinations. Matrix requires it, so that none is given away by
	// mistake; it may be 0.
	DefaultUnitAmount *decimal.Decimal `json:"default_unit_amount,omitempty"`

	// Minimum and Maximum are the least and the most that the charge costs in a whole period. A part of a period has that
	// part of them.
	Minimum decimal.Decimal `json:"minimum,omitzero"`
	Maximum decimal.Decimal `json:"maximum,omitzero"`
	// Commitment is what the customer has promised to use.
	Commitment *Commitment `json:"commitment,omitzero"`
	// Rounding is how the line is rounded to the minor unit, money.HalfUp if left out.
	Rounding money.Mode `json:"rounding,omitzero" enum:"half_up,half_even,up,down"`

	// Converted is set on a price that is not the catalogue's own. It is no part of a catalogue.
	Converted *Conversion `json:"-"`
	// Phase is set on the price of a plan's phase: its number, counted from 1. It is no part of a catalogue.
	Phase int `json:"-"`
	// Agreed is set on a price that was agreed with the customer. It is no part of a catalogue.
	Agreed bool `json:"-"`
}

// Tier is a range of quantities: above the previous tier's bound, up to and
// including its own. Only upper bounds are kept, so that no decimal quantity can
// fall between two tiers.
type Tier struct {
	// UpTo is the inclusive upper bound; nil, in the last tier only, means no bound.
	UpTo       *decimal.Decimal `json:"up_to,omitempty"`
	UnitAmount decimal.Decimal  `json:"unit_amount,omitzero"`
	FlatAmount decimal.Decimal  `json:"flat_amount,omitzero"`
	// Percent is the rate of graduated_percentage, which takes the place of a unit amount.
	Percent decimal.Decimal `json:"percent,omitzero"`
}

// Cell is the unit price of one combination of a matrix.
type Cell struct {
	// Values has one value for each dimension of the price.
	Values     map[string]string `json:"values"`
	UnitAmount decimal.Decimal   `json:"unit_amount,omitzero"`
}

// PaidWhen is when a commitment is paid.
type PaidWhen string

// When commitments are paid.
const (
	PaidInArrears PaidWhen = "arrears" // with the usage: what is missing is added to it
	PaidInAdvance PaidWhen = "advance" // when the period begins; at its end only what was used beyond it is charged
)

// Commitment is an amount or a quantity that is paid whether or not it is used, and the price of what is used beyond it. It
// is for a whole period; a part of a period has that part of it.
type Commitment struct {
	// Amount is committed spend. Either it or Quantity is given.
	Amount decimal.Decimal `json:"amount,omitzero"`
	// Quantity is committed units: they cost what the price's model says.
	Quantity decimal.Decimal `json:"quantity,omitzero"`
	// OverageUnitAmount is the price of a unit beyond Quantity.
	OverageUnitAmount decimal.Decimal `json:"overage_unit_amount,omitzero"`
	// OverageFactor is what the price of use beyond the commitment is multiplied by where there is no OverageUnitAmount;
	// 1 if left out.
	OverageFactor decimal.Decimal `json:"overage_factor,omitzero"`
	// Paid is PaidInArrears if left out.
	Paid PaidWhen `json:"paid,omitzero" enum:"arrears,advance"`
}

// Factor is the overage factor that applies.
func (c Commitment) Factor() decimal.Decimal {
	if c.OverageFactor.IsZero() {
		return decimal.NewFromInt(1)
	}
	return c.OverageFactor
}

// Spend limits what all charges of a plan cost together in a whole period; a part of a period has that part of it. What
// the plan charged in advance for the period counts, what it charged for earlier ones does not.
type Spend struct {
	// Minimum is the least that the plan costs: what is missing becomes a true-up line.
	Minimum decimal.Decimal `json:"minimum,omitzero"`
	// Maximum is the most: what exceeds it is taken off, but never more than the invoice charges in arrears.
	Maximum decimal.Decimal `json:"maximum,omitzero"`
	// OverageFactor, above 1, is what spend beyond the minimum is multiplied by, which makes the minimum a commitment.
	OverageFactor decimal.Decimal `json:"overage_factor,omitzero"`
	// TaxCategory is that of the true-up and of the overage.
	TaxCategory string `json:"tax_category,omitzero"`
}
