package stripe

import (
	"slices"

	bolt "go.etcd.io/bbolt"
)

// levy is one tax of one jurisdiction on an item, imposed or not.
type levy struct {
	jurisdiction taxJurisdiction
	rate         taxFraction
	reason       string
	sourcing     string
	tax          string
}

type taxJurisdiction struct {
	Country     string  `json:"country"`
	DisplayName string  `json:"display_name"`
	Level       string  `json:"level"`
	State       *string `json:"state"`
}

// The reasons that occur here.
const (
	customerExempt  = "customer_exempt"
	notCollecting   = "not_collecting"
	notSubjectToTax = "not_subject_to_tax"
	notSupported    = "not_supported"
	productExempt   = "product_exempt"
	reverseCharge   = "reverse_charge"
	standardRated   = "standard_rated"
)

func (l levy) imposed() bool { return l.reason == standardRated }

// nontaxable is the tax code of what no tax is due on anywhere.
const nontaxable = "txcd_00000000"

// taxOccasion is what decides about tax, apart from the item.
type taxOccasion struct {
	active     []*taxRegistration
	headOffice string // country
	details    taxCustomer
	place      taxPlace
}

func (r *call) taxOccasion(details taxCustomer, place taxPlace, at int64) taxOccasion {
	office := ""
	if s := readTaxSettings(r.tx); s.HeadOffice != nil {
		office = deref(s.HeadOffice.Address.Country)
	}
	return taxOccasion{active: registrationsAt(r.tx, at), headOffice: office, details: details, place: place}
}

// levies are the taxes on an item of the given tax code, the country's first.
func (o taxOccasion) levies(code string) []levy {
	country, known := taxes.Countries[o.place.country]
	state, inStates := taxes.States[o.place.country][o.place.state]
	var all []levy
	switch {
	case o.place.country == "US":
		collected := collects(o.active, func(where string, r registrationOptions) bool {
			return where == "US" && r.Type == stateSales && r.State == o.place.state
		})
		return []levy{o.judge(o.levyOf("state", state.Name, state.Tax, state.Percent), collected, nil, code)}
	case !known:
		l := o.levyOf("country", o.place.country, "", 0)
		l.reason = notSupported
		return []levy{l}
	case country.Union:
		return []levy{o.inUnion(country, code)}
	}
	federal := o.levyOf("country", country.Name, country.Tax, country.Percent)
	if state.HST != 0 {
		federal.tax, federal.rate = "hst", state.HST
	}
	collected := collects(o.active, func(where string, r registrationOptions) bool {
		return where == o.place.country && r.Type != provincialSales
	})
	all = append(all, o.judge(federal, collected, country.BusinessIDs, code))
	if inStates && state.Tax != "" {
		collected := collects(o.active, func(_ string, r registrationOptions) bool {
			return r.Type == provincialSales && r.ProvinceStandard.Province == o.place.state
		})
		all = append(all, o.judge(o.levyOf("state", state.Name, state.Tax, state.Percent), collected, nil, code))
	}
	return all
}

func (o taxOccasion) levyOf(level, name, tax string, rate taxFraction) levy {
	l := levy{jurisdiction: taxJurisdiction{Country: o.place.country, DisplayName: name, Level: level}, rate: rate, sourcing: "destination", tax: tax}
	if level == "state" {
		l.jurisdiction.State = &o.place.state
	}
	return l
}

// inUnion applies the registration in the customer's country, or a One Stop Shop: the non-Union scheme covers every
// member state, the Union scheme all but the one that it is run from. A small seller charges the tax of its own country.
func (o taxOccasion) inUnion(country taxCountry, code string) levy {
	l := o.levyOf("country", country.Name, country.Tax, country.Percent)
	collected := collects(o.active, func(where string, r registrationOptions) bool {
		return (r.Type == standardRegistration && where == o.place.country) || r.Type == ossNonUnion || (r.Type == ossUnion && where != o.place.country)
	})
	for _, t := range o.active {
		if s := t.options().Standard; !collected && s != nil && s.PlaceOfSupplyScheme == smallSeller {
			home := taxes.Countries[t.Country]
			l.jurisdiction.Country, l.jurisdiction.DisplayName, l.rate, l.sourcing = t.Country, home.Name, home.Percent, "origin"
			collected = true
		}
	}
	return o.judge(l, collected, country.BusinessIDs, code)
}

// judge finds out whether a tax is imposed. Customers with one of the business ids account for it themselves, unless
// the seller is in the same country.
func (o taxOccasion) judge(l levy, collected bool, businessIDs []string, code string) levy {
	business := o.headOffice != o.place.country && slices.ContainsFunc(o.details.TaxIDs, func(id taxIDPair) bool { return slices.Contains(businessIDs, id.Type) })
	switch {
	case l.rate == 0:
		l.reason = notSubjectToTax
	case !collected:
		l.reason = notCollecting
	case o.details.TaxabilityOverride == customerExempt:
		l.reason = customerExempt
	case code == nontaxable:
		l.reason = productExempt
	case business || o.details.TaxabilityOverride == reverseCharge:
		l.reason = reverseCharge
	default:
		l.reason = standardRated
	}
	return l
}

// amounts are the taxes on a price, one for each levy: half a minor unit is rounded up, and the parts of a tax that the
// price contains add up to the whole of it.
func amounts(price int64, inclusive bool, levies []levy) []int64 {
	shares, base, sum := make([]int64, len(levies)), int64(wholeTax), int64(0)
	for _, l := range levies {
		if l.imposed() && inclusive {
			base += int64(l.rate)
		}
	}
	for i, l := range levies {
		switch {
		case !l.imposed():
		case inclusive:
			before := roundedShare(price, sum, base)
			sum += int64(l.rate)
			shares[i] = roundedShare(price, sum, base) - before
		default:
			shares[i] = roundedShare(price, int64(l.rate), base)
		}
	}
	return shares
}

func roundedShare(price, part, whole int64) int64 { return (price*part + whole/2) / whole }

// customerTaxIDs are the tax ids that a stored customer has, as a calculation copies them.
func customerTaxIDs(tx *bolt.Tx, customer string) []taxIDPair {
	pairs := []taxIDPair{}
	taxIDs.where(tx, "customer", customer, func(t *taxID) bool {
		pairs = append(pairs, taxIDPair{Type: t.Type, Value: t.Value})
		return true
	})
	return pairs
}
