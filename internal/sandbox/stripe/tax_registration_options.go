package stripe

import "strings"

// registrationOptions are what a registration says besides its country and times.
type registrationOptions struct {
	LocalAmusementTax *localTax         `json:"local_amusement_tax,omitempty"`
	LocalLeaseTax     *localTax         `json:"local_lease_tax,omitempty"`
	ProvinceStandard  *provinceStandard `json:"province_standard,omitempty"`
	Standard          *unionStandard    `json:"standard,omitempty"`
	State             string            `json:"state,omitempty"`
	StateSalesTax     *stateSalesTax    `json:"state_sales_tax,omitempty"`
	Type              string            `json:"type"`
}

type localTax struct {
	Jurisdiction string `json:"jurisdiction"` // a FIPS code
}

type provinceStandard struct {
	Province string `json:"province"`
}

type unionStandard struct {
	PlaceOfSupplyScheme string `json:"place_of_supply_scheme"`
}

type stateSalesTax struct {
	Elections []taxElection `json:"elections"`
}

type taxElection struct {
	Jurisdiction string `json:"jurisdiction,omitempty"`
	Type         string `json:"type"`
}

// The countries of registrations at this API version, apart from Canada, the European Union and the United States.
const (
	standardOnly   = "ae au bh ch gb is jp no nz om sg za"
	simplifiedOnly = "cl co eg ge id ke kr kz mx my ng sa th tr vn"
)

// The local taxes of Illinois that can be registered for, by FIPS code.
const (
	amusementPlaces = "06613 14000 21696 24582 68081"
	leasePlaces     = "14000"
)

// What a state may be registered with besides its sales tax.
const (
	localElections = "local_use_tax simplified_sellers_use_tax single_local_use_tax"
	usTaxes        = "local_amusement_tax local_lease_tax state_communications_tax state_sales_tax"
)

func countryOptionsSpec() spec {
	kinds := func(values ...string) param { return required(enum(values...)) }
	options := spec{}
	for country := range strings.FieldsSeq(standardOnly) {
		options[country] = hash(spec{"type": kinds(standardRegistration)})
	}
	for country := range strings.FieldsSeq(simplifiedOnly) {
		options[country] = hash(spec{"type": kinds(simplifiedRegistering)})
	}
	for country, rules := range taxes.Countries {
		if rules.Union {
			options[strings.ToLower(country)] = hash(spec{
				"standard": hash(spec{"place_of_supply_scheme": kinds(smallSeller, standardRegistration)}),
				"type":     kinds("ioss", ossNonUnion, ossUnion, standardRegistration),
			})
		}
	}
	options["ca"] = hash(spec{
		"province_standard": hash(spec{"province": required(filledText())}),
		"type":              kinds(provincialSales, simplifiedRegistering, standardRegistration),
	})
	options["us"] = hash(spec{
		"local_amusement_tax": hash(spec{"jurisdiction": required(filledText())}), "local_lease_tax": hash(spec{"jurisdiction": required(filledText())}),
		"state": required(filledText()), "state_sales_tax": hash(spec{
			"elections": required(list(hash(spec{"jurisdiction": filledText(), "type": kinds(strings.Fields(localElections)...)}))),
		}),
		"type": kinds(strings.Fields(usTaxes)...),
	})
	return options
}

// readRegistration takes over the options that belong to the type, and refuses the rest.
func readRegistration(a args, path, country string) (o registrationOptions, refusal *apiError) {
	o.Type = a.text("type")
	for name := range a.in.Fields {
		if name != "type" && name != "state" && name != o.Type {
			return o, invalid("", path+"["+name+"]", "You may only specify %[1]s[%[2]s] when %[1]s[type] is %[2]s.", path, name)
		}
	}
	if taxes.Countries[country].Union && o.Type == standardRegistration {
		o.Standard = &unionStandard{PlaceOfSupplyScheme: a.hash("standard").textOr("place_of_supply_scheme", standardRegistration)}
	}
	switch {
	case o.Type == provincialSales:
		return readProvince(a, o, path)
	case country == "US":
		return readState(a, o, path)
	}
	return o, nil
}

func readProvince(a args, o registrationOptions, path string) (registrationOptions, *apiError) {
	province := strings.ToUpper(a.hash(provincialSales).text("province"))
	switch {
	case province == "":
		return o, missing(path + "[province_standard]")
	case taxes.States["CA"][province].Tax == "":
		return o, invalid("", path+"[province_standard][province]", "Invalid province: %s has no provincial sales tax to register for.", province)
	}
	o.ProvinceStandard = &provinceStandard{Province: province}
	return o, nil
}

func readState(a args, o registrationOptions, path string) (registrationOptions, *apiError) {
	o.State = strings.ToUpper(a.text("state"))
	if _, known := taxes.States["US"][o.State]; !known {
		return o, invalid("", path+"[state]", "Invalid state: %s must be a two-letter code of a state of the United States.", o.State)
	}
	place := a.hash(o.Type).text("jurisdiction")
	switch o.Type {
	case "local_amusement_tax", "local_lease_tax":
		places := map[string]string{"local_amusement_tax": amusementPlaces, "local_lease_tax": leasePlaces}[o.Type]
		if place == "" {
			return o, missing(path + "[" + o.Type + "]")
		}
		if o.State != "IL" || !among(places, place) {
			return o, invalid("", path+"["+o.Type+"][jurisdiction]", "Invalid jurisdiction: supported in IL are %s.", strings.Join(strings.Fields(places), ", "))
		}
	case stateSales:
		return readElections(a.hash(stateSales), o, path)
	}
	switch o.Type {
	case "local_amusement_tax":
		o.LocalAmusementTax = &localTax{Jurisdiction: place}
	case "local_lease_tax":
		o.LocalLeaseTax = &localTax{Jurisdiction: place}
	}
	return o, nil
}

func readElections(a args, o registrationOptions, path string) (registrationOptions, *apiError) {
	o.StateSalesTax = &stateSalesTax{Elections: []taxElection{}}
	for _, election := range a.hashes("elections") {
		e := taxElection{Jurisdiction: election.text("jurisdiction"), Type: election.text("type")}
		if (e.Type == "local_use_tax") != (e.Jurisdiction != "") {
			return o, invalid("", path+"[state_sales_tax][elections]", "An election has a jurisdiction if, and only if, its type is local_use_tax.")
		}
		o.StateSalesTax.Elections = append(o.StateSalesTax.Elections, e)
	}
	return o, nil
}
