import { join } from 'node:path';

/** What an agent's config needs to decode a simulated vehicle's bus: its DBC file and the VSS 4 paths that its signals go by. */
export interface BusDescription {
  readonly dbc: readonly string[];
  /** `<Message>.<Signal>` of the DBC to a COVESA VSS path. Signals that VSS does not know keep their names. */
  readonly names: Readonly<Record<string, string>>;
  /** Rules for `collect`: multiplexors and fields without news are not worth their bytes. */
  readonly collect: readonly { readonly signals: string; readonly mode: 'off' | 'change' }[];
}

const ENGINE = 'Vehicle.Powertrain.CombustionEngine';

export const CAR: BusDescription = {
  dbc: [join(import.meta.dirname, 'car-obd2.dbc')],
  names: {
    'Obd2.VehicleSpeed': 'Vehicle.Speed',
    'Obd2.EngineSpeed': `${ENGINE}.Speed`,
    'Obd2.CoolantTemperature': `${ENGINE}.ECT`,
    'Obd2.OilTemperature': `${ENGINE}.EOT`,
    'Obd2.AirFlow': `${ENGINE}.MAF`,
    'Obd2.IntakePressure': `${ENGINE}.MAP`,
    'Obd2.ThrottlePosition': `${ENGINE}.TPS`,
    'Obd2.EngineLoad': 'Vehicle.OBD.EngineLoad',
    'Obd2.ShortTermFuelTrim1': 'Vehicle.OBD.ShortTermFuelTrim1',
    'Obd2.TimingAdvance': 'Vehicle.OBD.TimingAdvance',
    'Obd2.IntakeTemperature': 'Vehicle.OBD.IntakeTemp',
    'Obd2.RunTime': 'Vehicle.OBD.RunTime',
    'Obd2.DistanceSinceClear': 'Vehicle.OBD.DistanceSinceDTCClear',
    'Obd2.BarometricPressure': 'Vehicle.OBD.BarometricPressure',
    'Obd2.FuelRate': 'Vehicle.OBD.FuelRate',
    'Obd2.FuelLevel': 'Vehicle.Powertrain.FuelSystem.RelativeLevel',
    'Obd2.ModuleVoltage': 'Vehicle.LowVoltageBattery.CurrentVoltage',
    'Obd2.AmbientTemperature': 'Vehicle.Exterior.AirTemperature',
  },
  collect: [
    { signals: 'Obd2.Service', mode: 'off' },
    { signals: 'Obd2.Pid', mode: 'off' },
  ],
};

export const TRUCK: BusDescription = {
  dbc: [join(import.meta.dirname, 'truck-j1939.dbc')],
  names: {
    'CCVS1.WheelBasedVehicleSpeed': 'Vehicle.Speed',
    'EEC1.EngineSpeed': `${ENGINE}.Speed`,
    'ET1.CoolantTemperature': `${ENGINE}.ECT`,
    'ET1.OilTemperature': `${ENGINE}.EOT`,
    'EFLP1.OilPressure': `${ENGINE}.EOP`,
    'HOURS.EngineHours': `${ENGINE}.EngineHours`,
    'EEC2.AcceleratorPedal': 'Vehicle.Chassis.Accelerator.PedalPosition',
    'ETC2.CurrentGear': 'Vehicle.Powertrain.Transmission.CurrentGear',
    'ETC2.SelectedGear': 'Vehicle.Powertrain.Transmission.SelectedGear',
    'DD1.FuelLevel1': 'Vehicle.Powertrain.FuelSystem.RelativeLevel',
    'AMB.AmbientTemperature': 'Vehicle.Exterior.AirTemperature',
    'VDHR.TotalDistance': 'Vehicle.TraveledDistance',
    'VDHR.TripDistance': 'Vehicle.TraveledDistanceSinceStart',
  },
  collect: [
    { signals: 'EEC1.EngineControlSource', mode: 'off' },
    { signals: 'EEC1.EngineTorqueMode', mode: 'change' },
    { signals: 'EEC1.EngineStarterMode', mode: 'change' },
    { signals: 'CCVS1.ParkingBrake', mode: 'change' },
    { signals: 'CCVS1.CruiseControlActive', mode: 'change' },
    { signals: 'CCVS1.BrakeSwitch', mode: 'change' },
    { signals: 'DM1.*', mode: 'change' },
  ],
};
