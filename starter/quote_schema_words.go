package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/entitlement"
	"github.com/perennial-billing/perennial/billing/tax"
)

// field says of a field what its Go type does not: what it is, and which words it takes if the type does not say it.
type field struct {
	about string
	words []any
}

// one is a field that takes one of a few words.
func one[T ~string](about string, words ...T) field {
	f := field{about: about}
	for _, word := range words {
		f.words = append(f.words, string(word))
	}
	return f
}

// catalogueFields describe what scenarios share with the catalogue, by type and field: docs/quote.md says more.
var catalogueFields = map[string]field{
	"Plan.id":           {about: "Names the plan"},
	"Plan.version":      {about: "1, 2, …: what was sold in a version stays as it is; after the versions of the plan that stand here when left out"},
	"Plan.product":      {about: "What the plan sells; plans can share a product. The plan's own id when left out"},
	"Plan.name":         {about: "What customers read on invoices"},
	"Plan.interval":     {about: "How long a billing period is"},
	"Plan.alignment":    {about: "Where periods begin and end; on the day of the first paid one when left out"},
	"Plan.trial_days":   {about: "Short for a trial of days that ends at the start of a day"},
	"Plan.trial":        {about: "Free time before the first paid period"},
	"Plan.proration":    {about: "How parts of a period are counted"},
	"Plan.credits":      {about: "What becomes of paid time that is not used; unused (it is credited) when left out"},
	"Plan.billed_by":    {about: "Each subscription at its own boundaries, or all by the run for a calendar month"},
	"Plan.charges":      {about: "What the plan costs"},
	"Plan.add_ons":      {about: "What can be bought with the plan"},
	"Plan.phases":       {about: "Other prices for the first periods, after the trial"},
	"Plan.entitlements": {about: "Which features the plan opens"},
	"Plan.spend":        {about: "Limits of all charges together, by currency"},

	"Charge.id":           {about: "Names the charge in the plan"},
	"Charge.name":         {about: "What customers read on invoices"},
	"Charge.kind":         {about: "For the passing of time, or for what a meter counts"},
	"Charge.per":          {about: "What a recurring charge is multiplied by; quantity is for add-ons"},
	"Charge.timing":       {about: "At the start of the period, or after its end; usage is always after it"},
	"Charge.meter":        {about: "What usage is counted by"},
	"Charge.tax_category": {about: "How it is taxed, such as saas_b2b"},
	"Charge.prices":       {about: "The price by currency (ISO 4217)"},

	"AddOn.id":      {about: "Names the add-on in the plan"},
	"AddOn.name":    {about: "What customers read on invoices, after the plan's name"},
	"AddOn.charges": {about: "What the add-on costs, in the plan's periods"},

	"Phase.periods": {about: "How many billing periods it lasts, 1 to 10,000; no end when left out, in the last phase only"},
	"Phase.percent": {about: "What is charged of the regular prices, 0 to 1000; 100 when left out"},
	"Phase.prices":  {about: "Prices by charge id and currency, in place of the regular ones"},

	"Interval.unit":        {about: "What is counted"},
	"Interval.count":       {about: "How many, 1 or more"},
	"Alignment.to":         {about: "Where boundaries lie; on the anniversary when left out"},
	"Alignment.day":        {about: "For day_of_month: 1 to 31, the last day of shorter months"},
	"Alignment.month":      {about: "For day_of_month: 1 to 12, a month in which there is a boundary; any when left out"},
	"Alignment.week_start": {about: "For calendar weeks; monday when left out"},
	"Alignment.stub":       {about: "What recurs is charged so for the time before the first boundary; prorated when left out"},
	"Trial.unit":           one("What is counted", calendar.Day, calendar.Week, calendar.Month),
	"Trial.count":          {about: "How many, 1 or more"},
	"Trial.ends":           {about: "When on its last day; start_of_day when left out"},

	"Entitlement.feature":  {about: "Names the feature"},
	"Entitlement.limit":    {about: "How often it can be used; without limit when left out"},
	"Entitlement.per":      one("For how long the limit is", entitlement.Life, entitlement.Period, entitlement.Month, entitlement.Day),
	"Entitlement.per_seat": {about: "The limit is for each seat"},

	"Registration.scheme":  one("Under which scheme tax is declared", tax.SchemeUKVAT, tax.SchemeEUVAT, tax.SchemeEUOSS),
	"Registration.country": {about: "ISO 3166-1 alpha-2: who gave the number"},
	"Registration.number":  {about: "The VAT number"},
	"Registration.from":    {about: "The first day of the registration"},
	"Registration.to":      {about: "Its last day; none when left out"},

	"Coupon.id":               {about: "Names the coupon"},
	"Coupon.name":             {about: "What customers read on invoices"},
	"Coupon.percent_off":      {about: "In per cent, above 0 and at most 100; or else amount_off"},
	"Coupon.amount_off":       {about: "In major units by currency, for each period; or else percent_off"},
	"Coupon.duration":         one("For which invoices it is", discount.Once, discount.Periods, discount.Forever),
	"Coupon.periods":          {about: "For the duration periods: how many"},
	"Coupon.rest":             one("What becomes of an amount that is more than a period's lines; lost when left out", discount.Lost, discount.Carried),
	"Coupon.applies_to":       {about: "What it lowers; everything when left out"},
	"Coupon.exclusive":        {about: "Not combined with any other"},
	"Coupon.first_time_only":  {about: "Only for customers who never had an invoice"},
	"Coupon.max_redemptions":  {about: "How often it can be redeemed in all; no limit when left out"},
	"Coupon.max_per_customer": {about: "How often by one customer; no limit when left out"},
	"Coupon.expires_at":       {about: "From when it cannot be redeemed any more, with the offset from UTC"},
	"Code.code":               {about: "What is typed: 3 to 40 letters, digits, dashes and underscores"},
	"Code.coupon":             {about: "The id of the coupon that it redeems"},
	"Code.customer":           {about: "The only customer who can redeem it; anybody when left out"},
	"Code.max_redemptions":    {about: "How often it can be redeemed; no limit when left out"},
	"Code.expires_at":         {about: "From when it cannot be redeemed any more, with the offset from UTC"},
	"Target.plans":            {about: "Ids of plans"},
	"Target.products":         {about: "Ids of products that plans sell"},
	"Target.charges":          {about: "Ids of charges and one-off charges"},
	"Purpose.charges":         {about: "Ids of charges"},
	"Purpose.meters":          {about: "Meters of usage"},
	"Policy.paid_first":       {about: "Grants that were paid for before presents, where priority and expiry are the same"},
	"InitialMember.id":        {about: "Names the member in activity"},

	"Price.model":                 {about: "How usage or a number of units becomes a price"},
	"Price.unit_amount":           {about: "What a unit, or a package, costs in major units"},
	"Price.flat_amount":           {about: "What is charged whatever the quantity, in major units"},
	"Price.tiers":                 {about: "Bounds that ascend; the last tier has none"},
	"Price.package_size":          {about: "How many units a package has; a started one is whole"},
	"Price.package_rounding":      {about: "How a started package counts; up, as a whole one, when left out"},
	"Price.packages_across_tiers": {about: "Counts packages over all tiers, not in each by itself"},
	"Price.free_units":            {about: "How many units cost nothing; of a percentage, how much money"},
	"Price.flat_at_zero":          {about: "Nothing used costs the first tier's flat amount"},
	"Price.tier_by_prorated":      {about: "Volume takes the tier of the prorated quantity"},
	"Price.percent":               {about: "In per cent of the quantity, which is money: 1.5 is 1.5 %"},
	"Price.event_amount":          {about: "The fee for each event, in major units"},
	"Price.event_minimum":         {about: "The least that an event costs, in major units"},
	"Price.event_maximum":         {about: "The most that an event costs, in major units"},
	"Price.free_events":           {about: "How many events have no fee"},
	"Price.free_rule":             {about: "How free units and events go together; separately when left out"},
	"Price.multiplier":            {about: "Of the events' own amounts; 1 when left out"},
	"Price.dimensions":            {about: "The names of the values that decide the price"},
	"Price.cells":                 {about: "A unit amount for each combination of values"},
	"Price.default_unit_amount":   {about: "For combinations that have no cell; required, may be 0"},
	"Price.minimum":               {about: "The least that the charge costs in a period, in major units"},
	"Price.maximum":               {about: "The most that the charge costs in a period, in major units"},
	"Price.commitment":            {about: "What is paid at least, and how what exceeds it is priced"},
	"Price.rounding":              {about: "To the minor unit; half_up when left out"},

	"Tier.up_to":                     {about: "The last quantity of the tier; none for the last tier"},
	"Tier.unit_amount":               {about: "What a unit costs in it, in major units"},
	"Tier.flat_amount":               {about: "What the tier costs besides, in major units"},
	"Tier.percent":                   {about: "In per cent, for graduated_percentage"},
	"Cell.values":                    {about: "A value for every dimension"},
	"Cell.unit_amount":               {about: "What a unit costs then, in major units"},
	"Commitment.amount":              {about: "In major units; or else quantity"},
	"Commitment.quantity":            {about: "In units, which are worth what the model says"},
	"Commitment.overage_unit_amount": {about: "What a unit beyond a committed quantity costs, in major units"},
	"Commitment.overage_factor":      {about: "Times what use beyond it costs anyway; 1 when left out"},
	"Commitment.paid":                {about: "When it is charged; arrears when left out"},
	"Spend.minimum":                  {about: "The least that the plan costs in a period, in major units"},
	"Spend.maximum":                  {about: "The most that the plan costs in a period, in major units"},
	"Spend.overage_factor":           {about: "Times what exceeds the minimum; 1 when left out"},
	"Spend.tax_category":             {about: "How what is missing to the minimum is taxed"},

	"Detail.amount":            {about: "The sum of the amounts that came with events, in major units"},
	"Detail.event_count":       {about: "How many events there were, where they are not listed"},
	"Detail.events":            {about: "Each event, in the order of time"},
	"Detail.groups":            {about: "How much was used of each combination of values"},
	"Detail.prorated_quantity": {about: "What of the quantity is charged, of units that were there for a part of the period"},
	"Event.quantity":           {about: "How much the event counts"},
	"Event.amount":             {about: "The amount that came with it, in major units"},
	"Event.values":             {about: "A value for every dimension"},
	"Group.values":             {about: "A value for every dimension"},
	"Group.quantity":           {about: "How much was used of it"},
}

// describe adds to the parts of a schema what is said of their fields. It is an error to say something of what is not there.
func describe(parts map[string]*huma.Schema, fields map[string]field) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		part, property, _ := strings.Cut(name, ".")
		if parts[part] == nil || parts[part].Properties[property] == nil {
			return fmt.Errorf("the schema has no field %s", name)
		}
		described := *parts[part].Properties[property] // fields of one type may share a schema
		described.Description = fields[name].about
		if len(fields[name].words) > 0 {
			described.Enum = fields[name].words
		}
		parts[part].Properties[property] = &described
	}
	return nil
}
