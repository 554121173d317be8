package stripe

import bolt "go.etcd.io/bbolt"

// taxSettings are the account's, which has one of them.
type taxSettings struct {
	Object        string           `json:"object"`
	Defaults      taxDefaults      `json:"defaults"`
	HeadOffice    *headOffice      `json:"head_office"`
	Livemode      bool             `json:"livemode"`
	Status        string           `json:"status"`
	StatusDetails taxStatusDetails `json:"status_details"`
}

type taxDefaults struct {
	TaxBehavior *string `json:"tax_behavior"`
	TaxCode     *string `json:"tax_code"`
}

type headOffice struct {
	Address address `json:"address"`
}

type taxStatusDetails struct {
	Active  *struct{}      `json:"active,omitempty"`
	Pending *missingFields `json:"pending,omitempty"`
}

type missingFields struct {
	MissingFields []string `json:"missing_fields"`
}

const (
	taxSettingsBucket = "tax_settings"
	taxSettingsKey    = "account"
)

const (
	exclusiveTax = "exclusive"
	inclusiveTax = "inclusive"
)

func taxSettingsEndpoints() []endpoint {
	update := spec{
		"defaults":    hash(spec{"tax_behavior": enum(exclusiveTax, inclusiveTax, "inferred_by_currency"), "tax_code": filledText()}),
		"head_office": hash(spec{"address": required(hash(addressSpec()))}),
	}
	return []endpoint{
		get("/v1/tax/settings", nil, func(r *call) (any, error) { return readTaxSettings(r.tx), nil }),
		post("/v1/tax/settings", update, updateTaxSettings),
	}
}

// readTaxSettings finds the account set up from its first day: in San Francisco, selling electronic services.
func readTaxSettings(tx *bolt.Tx) *taxSettings {
	s := &taxSettings{}
	if stored := bucketOf(tx, taxSettingsBucket).get([]byte(taxSettingsKey)); stored != nil {
		decode(stored, s)
		return s
	}
	country, state, city, postal, line := "US", "CA", "San Francisco", "94103", "1 Market Street"
	code := "txcd_10000000"
	s.Object, s.Defaults.TaxCode = "tax.settings", &code
	s.HeadOffice = &headOffice{Address: address{City: &city, Country: &country, Line1: &line, PostalCode: &postal, State: &state}}
	s.judge()
	return s
}

func updateTaxSettings(r *call) (any, error) {
	s := readTaxSettings(r.tx)
	before := snapshot(s)
	defaults := r.args.hash("defaults")
	if code := defaults.text("tax_code"); code != "" {
		if err := checkTaxCode(code, "defaults[tax_code]"); err != nil {
			return nil, err
		}
	}
	defaults.setText("tax_code", &s.Defaults.TaxCode)
	defaults.setText("tax_behavior", &s.Defaults.TaxBehavior)
	if given := r.args.hash("head_office").hash("address"); given.in != nil {
		office := readAddress(given)
		if office == nil || office.Country == nil {
			return nil, missing("head_office[address][country]")
		}
		if err := checkCountry(*office.Country, "head_office[address][country]"); err != nil {
			return nil, err
		}
		s.HeadOffice = &headOffice{Address: *office}
	}
	s.judge()
	bucketOf(r.tx, taxSettingsBucket).put([]byte(taxSettingsKey), encode(s))
	r.emitUpdate("tax.settings.updated", before, s)
	return s, nil
}

// judge finds the settings pending while the head office cannot be placed.
func (s *taxSettings) judge() {
	s.Status, s.StatusDetails = "active", taxStatusDetails{Active: &struct{}{}}
	if _, refusal := locate(&s.HeadOffice.Address, ""); refusal != nil {
		s.Status, s.StatusDetails = "pending", taxStatusDetails{Pending: &missingFields{MissingFields: []string{"head_office.address"}}}
	}
}

// behavior is whether prices contain their tax unless a line says otherwise.
func (s *taxSettings) behavior(currency string) string {
	switch deref(s.Defaults.TaxBehavior) {
	case inclusiveTax:
		return inclusiveTax
	case "inferred_by_currency":
		if currency != "usd" && currency != "cad" {
			return inclusiveTax
		}
	}
	return exclusiveTax
}
