from noren.contacts.models.company import Company, CompanySearch
from noren.contacts.models.consent import Consent
from noren.contacts.models.person import Affiliation, Person, PersonSearch

__all__ = ["Affiliation", "Company", "CompanySearch", "Consent", "Person", "PersonSearch"]
