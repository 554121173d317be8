package tax

import (
	"errors"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Scheme is a kind of tax registration, and with it the return in which a supply is reported.
type Scheme string

const (
	// SchemeUKVAT is a United Kingdom VAT registration.
	SchemeUKVAT Scheme = "uk_vat"
	// SchemeEUOSS is the EU One Stop Shop, union or non-union: one quarterly return for every member state.
	SchemeEUOSS Scheme = "eu_oss"
	// SchemeEUVAT is a national VAT registration in one member state. Domestic sales belong there and never
	// in the One Stop Shop; [Aggregate] has no national returns yet.
	SchemeEUVAT Scheme = "eu_vat"
)

// Treatment is what happens to a supply.
type Treatment string

// The treatments, in the order in which Determine considers them.
const (
	OutOfScope    Treatment = "out_of_scope"
	Exempt        Treatment = "exempt"
	ReverseCharge Treatment = "reverse_charge"
	Zero          Treatment = "zero"
	Taxed         Treatment = "taxed"
)

// Reason codes of a Decision.
const (
	ReasonNoRegime         = "no_regime"             // the buyer's country has no regime in this package
	ReasonOutsideTerritory = "outside_vat_territory" // such as the Canary Islands or Åland
	ReasonNotRegistered    = "not_registered"        // the seller has no registration there on that day
	ReasonExemptCategory   = "exempt_category"
	ReasonZeroCategory     = "zero_rated_category"
	ReasonValidTaxID       = "validated_tax_id"        // business abroad, its id was validated
	ReasonConsumer         = "consumer"                // not a business
	ReasonNoValidTaxID     = "no_validated_tax_id"     // a business without a validated id is taxed as a consumer
	ReasonTaxIDElsewhere   = "tax_id_of_other_country" // the id belongs to another country than the address
	ReasonDomestic         = "domestic"                // seller and buyer share the jurisdiction
	ReasonPrepaid          = "multi_purpose_voucher"   // credit is sold: what it pays for later is taxed then
)

// Note keys of a Decision; NoteText gives the wording.
const (
	NoteEUReverseCharge = "eu_reverse_charge"
	NoteUKReverseCharge = "uk_reverse_charge"
)

// Seller is the supplier with the registrations it ever had.
type Seller struct {
	Country       string         `json:"country"`
	Registrations []Registration `json:"registrations"`
}

// Registration is valid from From to To, both included; a zero To is open-ended.
type Registration struct {
	Scheme  Scheme        `json:"scheme"`
	Country string        `json:"country"` // identifying country: GB, or the member state
	Number  string        `json:"number"`
	From    calendar.Date `json:"from"`
	To      calendar.Date `json:"to,omitzero"`
}

func (r Registration) active(day calendar.Date) bool {
	return r.From.Compare(day) <= 0 && (r.To == calendar.Date{} || day.Compare(r.To) <= 0)
}

// Buyer is the customer as its location evidence places it. TaxIDValid means that an authority confirmed TaxID
// for the tax point; a well-formed but unconfirmed id does not count.
type Buyer struct {
	Country    string `json:"country"`
	Region     string `json:"region,omitempty"` // ISO 3166-2, with or without the country prefix
	PostalCode string `json:"postal_code,omitempty"`
	Business   bool   `json:"business"`
	TaxID      string `json:"tax_id,omitempty"`
	TaxIDValid bool   `json:"tax_id_valid"`
}

// Decision is the tax of one supply. Rate is a percentage (25.5), zero unless Treatment is Taxed. Scheme is set
// when the supply belongs in that scheme's return, so not for out-of-scope and reverse-charge supplies, nor for
// exempt ones in the EU. Rule names the rate row that was applied.
type Decision struct {
	Treatment    Treatment       `json:"treatment"`
	Jurisdiction string          `json:"jurisdiction"`
	Scheme       Scheme          `json:"scheme,omitempty"`
	Rate         decimal.Decimal `json:"rate"`
	Reason       string          `json:"reason"`
	Note         string          `json:"note,omitempty"`
	Rule         string          `json:"rule,omitempty"`
}

// Determine decides the tax of a remotely supplied electronic service on its tax point. It considers out of scope,
// exempt, reverse charge, zero and taxed in that order. Place of supply is the buyer's country (Directive
// 2006/112/EC art. 44, 58; VATA 1994 s.7A). Errors name the field: unknown country or category, a validated tax id
// that is empty, a day before the rule data begins.
func Determine(seller Seller, buyer Buyer, category string, supply calendar.Date) (Decision, error) {
	class, err := law.rateClass(category)
	if err != nil {
		return Decision{}, err
	}
	home, err := homeJurisdiction(seller.Country, supply)
	if err != nil {
		return Decision{}, err
	}
	at, err := locate(buyer, supply)
	if err != nil {
		return Decision{}, err
	}
	if buyer.TaxIDValid && NormaliseVATID(buyer.TaxID) == "" {
		return Decision{}, errors.New("buyer.tax_id: is empty but marked as validated: give the id that was validated")
	}
	if at.outside {
		return outOfScope(at, ReasonOutsideTerritory), nil
	}
	if at.jurisdiction != ukJurisdiction && !law.isMember(at.jurisdiction) {
		return outOfScope(at, ReasonNoRegime), nil
	}
	s := supplyCase{seller: seller, buyer: buyer, home: home, at: at, day: supply}
	return s.decide(class)
}

// DeterminePrepaid decides the tax of selling credit that can pay for different supplies, in different places or at different
// rates: none is due until it is used (a multi-purpose voucher: Directive 2006/112/EC art. 30a(3) and 30b(2); VATA 1994
// Sch. 10B para. 7). An unknown country is an error.
func DeterminePrepaid(buyer Buyer, supply calendar.Date) (Decision, error) {
	at, err := locate(buyer, supply)
	if err != nil {
		return Decision{}, err
	}
	return outOfScope(at, ReasonPrepaid), nil
}

func outOfScope(at place, reason string) Decision {
	return Decision{Treatment: OutOfScope, Jurisdiction: at.jurisdiction, Reason: reason}
}

// supplyCase is one supply inside a regime.
type supplyCase struct {
	seller Seller
	buyer  Buyer
	home   string
	at     place
	day    calendar.Date
}

func (s supplyCase) decide(class string) (Decision, error) {
	scheme, registered := s.registration()
	reverse, why := s.reverseCharge()
	if !registered && !(reverse && s.inRegime()) {
		return outOfScope(s.at, ReasonNotRegistered), nil
	}
	row, err := law.rate(s.at, class, s.day)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Treatment: row.Treatment, Jurisdiction: s.at.jurisdiction, Scheme: scheme, Rate: row.Rate, Reason: why, Rule: row.id()}
	switch {
	case row.Treatment == Exempt:
		d.Reason = ReasonExemptCategory
		if scheme != SchemeUKVAT {
			d.Scheme = ""
		}
	case reverse:
		d.Treatment, d.Scheme, d.Rate, d.Note = ReverseCharge, "", decimal.Zero, s.note()
	case row.Treatment == Zero:
		d.Reason = ReasonZeroCategory
	}
	return d, nil
}

// registration picks the scheme in which a taxed supply to this place is reported: a national registration of that
// very place first (domestic sales never enter the One Stop Shop), then the One Stop Shop.
func (s supplyCase) registration() (Scheme, bool) {
	if s.at.jurisdiction == ukJurisdiction {
		return SchemeUKVAT, s.has(SchemeUKVAT, "")
	}
	if s.has(SchemeEUVAT, s.at.jurisdiction) {
		return SchemeEUVAT, true
	}
	return SchemeEUOSS, s.home != s.at.jurisdiction && s.has(SchemeEUOSS, "")
}

// inRegime reports a registration of any kind in the regime. It is enough for a reverse charge, which the seller
// does not report as its own tax: a German seller invoices a French business without a French registration.
func (s supplyCase) inRegime() bool {
	if s.at.jurisdiction == ukJurisdiction {
		return s.has(SchemeUKVAT, "")
	}
	return s.has(SchemeEUOSS, "") || s.has(SchemeEUVAT, "")
}

// has looks for an active registration; an empty country matches any.
func (s supplyCase) has(scheme Scheme, country string) bool {
	for _, r := range s.seller.Registrations {
		if r.Scheme == scheme && (country == "" || strings.EqualFold(r.Country, country)) && r.active(s.day) {
			return true
		}
	}
	return false
}

// reverseCharge says whether the buyer accounts for the tax itself (Directive 2006/112/EC art. 196; VATA 1994
// s.8), and why or why not. An id of another country than the address does not count: the two pieces of evidence
// contradict each other, and charging is the safe side.
func (s supplyCase) reverseCharge() (bool, string) {
	switch {
	case s.home == s.at.jurisdiction:
		return false, ReasonDomestic
	case !s.buyer.Business:
		return false, ReasonConsumer
	case !s.buyer.TaxIDValid:
		return false, ReasonNoValidTaxID
	case taxIDCountry(s.buyer.TaxID) != s.at.jurisdiction:
		return false, ReasonTaxIDElsewhere
	}
	return true, ReasonValidTaxID
}

func (s supplyCase) note() string {
	if s.at.jurisdiction == ukJurisdiction {
		return NoteUKReverseCharge
	}
	return NoteEUReverseCharge
}
